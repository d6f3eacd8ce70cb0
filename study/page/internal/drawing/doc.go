// Package drawing draws figures: panels of curves or stacked bars, side by side on a sheet with one legend, as SVG that
// can stand inside a page.
//
// A [Sheet] takes panels ([Sheet.AddCurves], [Sheet.AddStack]) and a legend, and [Sheet.Draw] makes the SVG. A [Range]
// is extended to the values of all panels that are to be compared, and then gives the ends of their axes.
//
// The package knows nothing of studies. Its caller decides what a figure shows, and in which words. The plots are
// gonum's. What gonum does not have is added here:
//
//   - logarithmic axes (axis.go, ticks.go);
//   - error bars that are clipped at the frame, and words at the ends of curves (curve.go);
//   - a legend beneath the panels (sheet.go);
//   - colours that colour-blind readers can tell apart (style.go);
//   - an SVG whose series have names and whose text has the page's colour (svg.go).
package drawing
