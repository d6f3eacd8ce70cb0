// Package drawing draws figures: panels of curves or stacked bars, side by side on a sheet with one legend, as SVG that
// can stand inside a page.
//
// A [Sheet] takes panels ([Sheet.AddCurves], [Sheet.AddStack]) and a legend, and [Sheet.Draw] makes the SVG. The ends of
// the axes come from a [Range] that takes in the values of all panels which are to be compared.
//
// The package knows nothing of studies: what a figure shows, and in which words, is its caller's to say. The plots are
// gonum's; what is done anew here are logarithmic axes (axis.go, ticks.go), error bars that are cut at the frame and words
// at the ends of curves (curve.go), a legend beneath the panels (sheet.go), colours that the colour-blind tell apart
// (style.go), and an SVG whose series have names and whose text takes the page's colour (svg.go).
package drawing
