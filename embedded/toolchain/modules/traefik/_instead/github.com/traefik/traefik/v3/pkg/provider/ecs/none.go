// Package ecs is left out: it would compile AWS's whole EC2 interface for a node that has no AWS.
package ecs

import (
	"errors"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/provider"
	"github.com/traefik/traefik/v3/pkg/safe"
)

// DefaultTemplateRule is what the static configuration's default names.
const DefaultTemplateRule = ""

// Provider is the empty section that Traefik's static configuration expects here.
type Provider struct {
	DefaultRule string `description:"Not in the embedded Traefik." json:"defaultRule,omitempty"`
}

var _ provider.Provider = (*Provider)(nil)

var errLeftOut = errors.New("the embedded Traefik is built without the ECS provider")

// SetDefaults has nothing to set.
func (*Provider) SetDefaults() {}

// Init says that this Traefik cannot do it.
func (*Provider) Init() error { return errLeftOut }

// Provide says that this Traefik cannot do it.
func (*Provider) Provide(chan<- dynamic.Message, *safe.Pool) error { return errLeftOut }
