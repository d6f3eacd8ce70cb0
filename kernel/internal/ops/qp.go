package ops

// QP holds the steps of constrained least squares by an interior-point method and of the exact solution
// that follows it, with lane = voxel as in CSD, whose steps it is used together with. Lanes and the
// layout of the normal matrix are the same.
//
// Each constraint has a record of QPRecord vectors:
//
//	Slack s, Multiplier l, Gap g (A x + e l - s), Weight 1/(s + e l), Product (what l s is to become
//	less than it is), MultiplierStep dl, SlackStep ds, Held (1 where the constraint is expected to
//	hold with equality, else 0)
//
// D, r and A dx are vectors of their own, one for each constraint. e is the same number in all lanes.
type QP struct {
	// Advance takes the step and makes the next one ready: s += t ds, l += t dl, g -= t g with t the
	// lane's steps; Weight; d = l Weight; r = -d (g + s). It writes the vector of the sums of l s.
	Advance func(sums, records, d, r, steps *float64, e float64, n int)

	// Predict finds the step towards l s = 0 from A dx: l + dl = d (e l - h) with h = A dx + g, and
	// ds = h + e dl. Held becomes 1 where l is on its way to keep more of itself than s is, (l + dl) s
	// > (s + ds) l. It writes six vectors: the least of 0 and ds/s; of 0 and dl/l; the sums of
	// l ds, s dl and ds dl; and how many Held changed.
	Predict func(sums, records, d, adx *float64, e float64, n int)

	// Centre makes the step towards l s = target ready, with the curvature that the predicted
	// step saw: Product = l s + dl ds - target, r = -Weight (l g + Product).
	Centre func(records, r, targets *float64, n int)

	// Correct finds that step: dl = -Weight (l h + Product), ds = h + e dl. It writes two vectors:
	// the least of 0 and ds/s, and of 0 and dl/l.
	Correct func(sums, records, adx *float64, e float64, n int)

	// Forward solves L y = y in place with a factor that CSD.Factorise left.
	Forward func(y, q, inverse *float64, tiles int)

	// Hold begins the exact solution: d = weight Held.
	Hold func(records, d *float64, weight float64, n int)

	// Press makes r = l - d (s + e l), which times A^T is what constraints add to the right-hand side.
	Press func(records, d, r *float64, e float64, n int)

	// Shift takes the step of the solution: l -= d (A dx + s + e l), s += A dx.
	Shift func(records, d, adx *float64, e float64, n int)

	// Judge says how well the conditions hold, in four vectors: the least of 0 and s + e l; the largest
	// |l (s + e l)|; the least and the largest of 0 and l. Held becomes 1 where it was and l > 0, and where it was
	// not and s < -tolerance; l becomes 0 where Held does. A fifth vector counts the changes.
	Judge func(sums, records *float64, tolerance, e float64, n int)
}

// The vectors of a record.
const (
	QPSlack = iota
	QPMultiplier
	QPGap
	QPWeight
	QPProduct
	QPMultiplierStep
	QPSlackStep
	QPHeld
	QPRecord
)
