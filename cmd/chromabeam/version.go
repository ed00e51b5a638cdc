// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/chromabeam/chromabeam/infra/version"
)

func versionCommand() command {
	return command{
		name:    "version",
		summary: "print the version of the tool and what it was built with",
		define: func(*flagSet) func(context.Context, terminal, []string) error {
			return func(_ context.Context, term terminal, args []string) error {
				if err := noArguments(args); err != nil {
					return err
				}
				_, err := fmt.Fprintln(term.stdout, version.String())
				return err
			}
		},
	}
}

// toolVersion is what data sets and run folders record.
func toolVersion() string { return version.Short() }
