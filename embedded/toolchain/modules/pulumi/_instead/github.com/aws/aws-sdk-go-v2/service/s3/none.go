// Package s3 is left out: the embedded engine keeps its state in files. What the engine names is here.
package s3

// CopyObjectInput has the one field that the engine corrects before a copy.
type CopyObjectInput struct{ CopySource *string }
