// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// forbiddenCalls are those of cmd alone: by import path, the beginnings of the
// functions' names.
func forbiddenCalls() map[string][]string {
	return map[string][]string{"os": {"Exit"}, "log": {"Fatal", "Panic"}, "fmt": {"Print"}, "syscall": {"Exit"}}
}

func TestExits(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, p := range mustLoad(t).packages {
		if under(rel(p.ImportPath), []string{"cmd"}) {
			continue
		}
		for _, name := range append(slices.Clone(p.GoFiles), p.CgoFiles...) {
			path := filepath.Join(p.Dir, name)
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			found, err := exits(path, source)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range found {
				t.Error(s)
			}
			checked++
		}
	}
	if checked == 0 {
		t.Error("no file was checked")
	}
}

func TestExitsCanFail(t *testing.T) {
	t.Parallel()
	tests := []struct{ source, want string }{
		{`import "os"; func f() { os.Exit(1) }`, "os.Exit"},
		{`import system "os"; func f() { system.Exit(1) }`, "os.Exit"},
		{`import "os"; var exit = os.Exit`, "os.Exit"},
		{`import "log"; func f() { log.Fatalf("x") }`, "log.Fatalf"},
		{`import "log"; func f() { log.Panicln("x") }`, "log.Panicln"},
		{`import "fmt"; func f() { fmt.Println("x") }`, "fmt.Println"},
		{`import "fmt"; func f() { _ = fmt.Sprint("x") }`, ""},
		{`import "os"; func f() { _ = os.Args }`, ""},
		{`import "example.org/log"; func f() { log.Fatal("x") }`, ""},
	}
	for _, tt := range tests {
		got, err := exits("x.go", []byte("package x; "+tt.source))
		if err != nil {
			t.Fatal(err)
		}
		if (tt.want == "") != (len(got) == 0) || !strings.Contains(strings.Join(got, "\n"), tt.want) {
			t.Errorf("exits(%s) = %q, want %q", tt.source, got, tt.want)
		}
	}
}

// exits returns a sentence for every forbidden function that a file mentions.
func exits(path string, source []byte) ([]string, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	imported := map[string]string{} // local name to path
	for _, i := range file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(p)
		if i.Name != nil {
			name = i.Name.Name
		}
		imported[name] = p
	}
	var list []string
	ast.Inspect(file, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := s.X.(*ast.Ident)
		if !ok {
			return true
		}
		p := imported[x.Name]
		for _, prefix := range forbiddenCalls()[p] {
			if strings.HasPrefix(s.Sel.Name, prefix) {
				list = append(list, fmt.Sprintf("%s: %s.%s: only commands print and end the process", set.Position(s.Pos()), p, s.Sel.Name))
			}
		}
		return true
	})
	return list, nil
}
