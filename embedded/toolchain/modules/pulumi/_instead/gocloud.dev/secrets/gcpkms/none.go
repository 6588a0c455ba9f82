// Package gcpkms is left out: the embedded engine encrypts with a passphrase. What the engine names is here.
package gcpkms

import (
	"context"
	"errors"
	"net/url"

	"gocloud.dev/gcp"
	"gocloud.dev/secrets"
)

// Scheme is how such a key would be named.
const Scheme = "gcpkms"

var errLeftOut = errors.New("the embedded engine is built without gcpkms:// (Google Cloud KMS); use an official release")

// Client stands for the connection that is never made.
type Client struct{}

// Dial says that this engine cannot do it.
func Dial(context.Context, gcp.TokenSource) (*Client, func(), error) {
	return nil, func() {}, errLeftOut
}

// URLOpener opens nothing.
type URLOpener struct{ Client *Client }

// OpenKeeperURL says that this engine cannot do it.
func (*URLOpener) OpenKeeperURL(context.Context, *url.URL) (*secrets.Keeper, error) {
	return nil, errLeftOut
}
