// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"log/slog"
)

// threshold is the least level that Beam may log at. It is process-wide like
// the logger it guards.
var threshold slog.LevelVar

// none lies above every level in use.
const none = slog.LevelError + 100

// quiet sets how much of Beam's log reaches the process's own logger. The
// local runners' log holds nothing that the error of Run does not say, and
// would tear progress bars apart; a remote job's log tells where it runs and
// how it fares.
func quiet(name string) {
	if IsLocal(name) {
		threshold.Set(none)
		return
	}
	threshold.Set(slog.LevelInfo)
}

// filter drops records below a level that may change.
type filter struct {
	slog.Handler
	level *slog.LevelVar
}

func (f *filter) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= f.level.Level() && f.Handler.Enabled(ctx, level)
}

func (f *filter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &filter{Handler: f.Handler.WithAttrs(attrs), level: f.level}
}

func (f *filter) WithGroup(name string) slog.Handler {
	return &filter{Handler: f.Handler.WithGroup(name), level: f.level}
}
