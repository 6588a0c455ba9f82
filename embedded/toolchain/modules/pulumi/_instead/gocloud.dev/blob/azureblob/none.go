// Package azureblob is left out: the embedded engine keeps its state in files.
package azureblob
