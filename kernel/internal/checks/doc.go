// Package checks is what all fits refuse, in one place: slices that do not belong together, designs that are no design,
// and signals that nothing can be fitted to. It says in the codes of package kernel what the portable code (package
// ref) found.
package checks
