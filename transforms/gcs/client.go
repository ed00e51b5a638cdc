// SPDX-License-Identifier: Apache-2.0

package gcs

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"

	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/storage"
	"google.golang.org/api/option"
	"google.golang.org/api/option/internaloption"
	htransport "google.golang.org/api/transport/http"
)

// emulatorHost names the environment variable for another endpoint than the
// service's; the storage client reads it as well.
const emulatorHost = "STORAGE_EMULATOR_HOST"

// connection is a client with the policy for its endpoint.
type connection struct {
	client *storage.Client
	policy policy
}

// connections holds the process's clients by endpoint. A client is safe for
// concurrent use, keeps its connections alive and is never closed.
var connections struct {
	sync.Mutex
	byHost map[string]*storage.Client
}

// connect returns the client for the endpoint that the environment names now.
// A client that could not be made is tried again by the next call.
func connect(ctx context.Context) (connection, error) {
	host := os.Getenv(emulatorHost)
	p, err := policyFor(host != "")
	if err != nil {
		return connection{}, err
	}
	connections.Lock()
	defer connections.Unlock()
	if c, ok := connections.byHost[host]; ok {
		return connection{c, p}, nil
	}
	c, err := dial(context.WithoutCancel(ctx), host)
	if err != nil {
		return connection{}, fmt.Errorf("connecting to Google Cloud Storage: %w", err)
	}
	if connections.byHost == nil {
		connections.byHost = map[string]*storage.Client{}
	}
	connections.byHost[host] = c
	return connection{c, p}, nil
}

// dial makes a client. It outlives the call that makes it, so ctx must not be
// one that is cancelled.
func dial(ctx context.Context, host string) (*storage.Client, error) {
	if host != "" {
		return newClient(ctx, option.WithoutAuthentication())
	}
	identity, err := identify()
	if err != nil {
		return nil, err
	}
	return newClient(ctx, identity)
}

// newClient uses the JSON API for everything: reads go through the XML API
// otherwise, where a name is part of a path that proxies may normalise.
func newClient(ctx context.Context, identity option.ClientOption) (*storage.Client, error) {
	client, _, err := htransport.NewClient(ctx, identity, option.WithUserAgent("chromabeam"),
		internaloption.WithDefaultEndpointTemplate("https://storage.UNIVERSE_DOMAIN/storage/v1/"),
		internaloption.WithDefaultMTLSEndpoint("https://storage.mtls.googleapis.com/storage/v1/"),
		internaloption.WithDefaultUniverseDomain("googleapis.com"))
	if err != nil {
		return nil, err
	}
	client.Transport = &watched{base: client.Transport}
	return storage.NewClient(ctx, identity, option.WithHTTPClient(client),
		storage.WithJSONReads(), storage.WithDisabledClientMetrics())
}

// identify finds the application default credentials. Where there are none at
// all it chooses anonymous calls; those that are there but broken are an error.
func identify() (option.ClientOption, error) {
	creds, err := credentials.DetectDefault(&credentials.DetectOptions{Scopes: []string{storage.ScopeReadWrite}})
	switch {
	case err == nil:
		return option.WithAuthCredentials(creds), nil
	case strings.Contains(err.Error(), "could not find default credentials"):
		return option.WithoutAuthentication(), nil
	}
	return nil, fmt.Errorf("%w: reading the application default credentials: %w; %s", ErrDenied, err, deniedAdvice)
}
