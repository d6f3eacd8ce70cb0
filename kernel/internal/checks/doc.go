// Package checks holds, for all fits, the checks of what cannot be fitted: slices whose lengths do not agree, matrices
// that are no design, and signals to which nothing can be fitted. It also translates what the portable code (package
// ref) reports into the codes of package kernel.
package checks
