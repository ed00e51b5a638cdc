// SPDX-License-Identifier: Apache-2.0

package progress

import "context"

// driverKey is the context key of the driver's own context.
type driverKey struct{}

// WithDriver returns a worker's context that carries the driver's, for a
// runner whose workers live in the driver's process but do not end with the
// driver's context. DoFns find it through [Bind].
func WithDriver(worker, driver context.Context) context.Context {
	return context.WithValue(worker, driverKey{}, driver)
}

// Bind returns a DoFn's context that also ends when the driver's does. A DoFn
// that works for long calls it first, and the returned function last.
//
// It exists since a worker that is cancelled as a whole loses its connections
// while its bundles are about to answer on them; Beam has data races there, and
// may take the process down. Bundles that fail by themselves end a job well.
func Bind(ctx context.Context) (context.Context, context.CancelFunc) {
	driver, ok := ctx.Value(driverKey{}).(context.Context)
	if !ok {
		return context.WithCancel(ctx)
	}
	bound, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(driver, func() { cancel(context.Cause(driver)) })
	return bound, func() {
		stop()
		cancel(context.Canceled)
	}
}
