// Package s3blob is left out: the embedded engine keeps its state in files.
package s3blob
