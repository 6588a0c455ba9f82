// Package hashivault is left out: the embedded engine encrypts with a passphrase.
package hashivault
