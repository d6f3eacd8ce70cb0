package phantom

import "math"

// rician returns what a magnitude image shows of the noiseless value a: the length of
// (a + sigma n1, sigma n2), with n1 and n2 independent standard normal numbers.
//
// The two normal numbers are R cos t and R sin t (Box and Muller 1958), with R^2 exponential of mean 2 and t
// uniform. Only the cosine is needed: the length is that of (a + sigma R cos t, sigma R sqrt(1 - cos^2 t)). It
// always takes two numbers from the stream.
func (s *stream) rician(a, sigma float64) float64 {
	exponential := s.exponential()
	return ricianOf(a, sigma, exponential, s.turn())
}

// ricianOf is rician with its two random numbers: one of the exponential distribution, and an angle in turns.
func ricianOf(a, sigma, exponential, turn float64) float64 {
	r := float64(sigma * math.Sqrt(2*exponential))
	c := cosTurn(turn)
	along := a + float64(r*c)
	across := float64(float64(r*r) * float64((1-c)*(1+c)))
	return math.Sqrt(float64(along*along) + across)
}
