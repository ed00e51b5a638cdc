// SPDX-License-Identifier: Apache-2.0

// Command builtincard writes model.json and card.json of the model in the box
// beside its weights; see package builtin for the commands that come before.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/chromabeam/chromabeam/model/builtin"
)

func main() {
	err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "builtincard: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("builtincard", flag.ContinueOnError)
	fs.SetOutput(stderr)
	dir := fs.String("dir", "model/builtin", "folder of the weights and the card, `DIR`")
	folder := fs.String("run", "", "run folder that the weights are from, `RUN`")
	metrics := map[string]string{}
	usage := "what evaluate -json has printed of the weights for a set, `SET=FILE`; may be given again"
	fs.Func("metrics", usage, func(s string) error {
		set, file, ok := strings.Cut(s, "=")
		if !ok || set == "" || file == "" {
			return fmt.Errorf("it must be SET=FILE, got %q", s)
		}
		metrics[set] = file
		return nil
	})
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *folder == "" || len(metrics) == 0 || fs.NArg() > 0 {
		return errors.New("-run and -metrics must be given, and no arguments")
	}
	c, err := builtin.Make(*dir, *folder, metrics)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "sha256=%s bytes=%d parameters=%d\n", c.Weights.SHA256, c.Weights.Bytes, c.Parameters)
	return err
}
