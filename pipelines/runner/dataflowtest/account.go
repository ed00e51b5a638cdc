// SPDX-License-Identifier: Apache-2.0

package dataflowtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

// Account writes the key of a service account whose tokens the server gives, and
// returns the file, for GOOGLE_APPLICATION_CREDENTIALS.
func (s *Server) Account(tb testing.TB) string {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	data, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "test-project", "private_key_id": "1",
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"client_email": "chromabeam@test-project.iam.gserviceaccount.com", "client_id": "1",
		"token_uri": s.http.URL + "/token",
	})
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(tb.TempDir(), "account.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

// Login makes the account the environment's own.
func (s *Server) Login(tb testing.TB) {
	tb.Helper()
	tb.Setenv("GOOGLE_APPLICATION_CREDENTIALS", s.Account(tb))
}
