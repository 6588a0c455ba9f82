// Package gcsblob is left out: the embedded engine keeps its state in files. What the engine names is here.
package gcsblob

import (
	"context"
	"errors"
	"net/url"

	"gocloud.dev/blob"
	"gocloud.dev/gcp"
)

// Scheme is how such a place would be named.
const Scheme = "gs"

// Options is what the engine fills in.
type Options struct {
	GoogleAccessID string
	PrivateKey     []byte
}

// URLOpener opens nothing.
type URLOpener struct {
	Client  *gcp.HTTPClient
	Options Options
}

// OpenBucketURL says that this engine cannot do it.
func (*URLOpener) OpenBucketURL(context.Context, *url.URL) (*blob.Bucket, error) {
	return nil, errors.New("the embedded engine is built without gs:// (Google Cloud Storage); use an official release")
}
