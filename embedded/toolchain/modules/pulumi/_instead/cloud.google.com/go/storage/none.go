// Package storage is left out: the embedded engine keeps its state in files. What the engine names is here.
package storage

// ScopeReadWrite is the permission that would be asked for.
const ScopeReadWrite = "https://www.googleapis.com/auth/devstorage.read_write"
