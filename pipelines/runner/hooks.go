// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/harness"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/util/hooks"
)

// logLocally turns Beam's remote logging off for workers in this process: the
// lines would be sent to prism, which logs them here, or land on standard error
// when prism is done.
func logLocally() { hooks.DisableHook(harness.DefaultRemoteLoggingHook) }

// logRemotely undoes [logLocally]: the choice travels to a job's workers.
func logRemotely() error { return hooks.EnableHook(harness.DefaultRemoteLoggingHook) }
