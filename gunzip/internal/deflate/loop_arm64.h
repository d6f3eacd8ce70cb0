// This is the inner loop. loop_arm64.s includes it once for each of its functions, and says what the registers hold.
// Symbols have 16 bits if WIDE is defined, else 8. CHECKED loops check whether matches begin before the first byte. The
// others must have a whole window before the output. The comment of type entry describes a round.

#ifdef WIDE
#define SIZE 2 // bytes of a symbol
#define LOG 1  // SIZE is 1<<LOG
#else
#define SIZE 1
#define LOG 0
#endif

	MOVD loop_in(fields), in
	MOVD loop_inEnd(fields), inEnd
	MOVD loop_buffer(fields), buffer
	MOVD loop_bits(fields), bits
	MOVD loop_out(fields), out
	MOVD loop_limit(fields), limit
	MOVD loop_table(fields), litlens
	MOVD loop_patterns(fields), patterns
	ADD  $(8*const_litlenEntries), litlens, distances
	MOVD $-1, ones

#ifdef CHECKED
	MOVD loop_first(fields), first
#endif
#ifdef WIDE
	ADD $loop_scratch, fields, spare
#endif

	REFILL
	B next

round:
	// Here at least 28 bits are left. The output is not in any cache, and the processor's prefetcher starts anew on
	// each page. So this prefetches it.
	PRFM 1024*SIZE(out), PSTL1KEEP

	// The first lookup gives literals, a length, or both.
	AND  $(1<<const_litlenBits-1), buffer, index
	MOVD (litlens)(index<<3), e
	TBNZ $63, e, special

taken:
	// Byte 5 has the number of bits for the second lookup. Without a length, that is in the first table again.
	LOW(e, length)
	LSR e, buffer
	LSR $const_indexShift, e, a
	LOW(a, index)
	TST  $const_isMatch, e
	CSEL NE, distances, litlens, far

	// The match's length less 3 is the least length less 3, plus the extra bits, which follow those of the code.
	LSR  $8, e, a
	LSR  a, length
	UBFX $const_lengthShift, e, $8, a
	ADD  a, length
	SUB  e.UXTB, bits

	// Both literals are written. out moves by their number.
#ifdef WIDE
	LITERALS(e, to)
	MOVW to, (out)
#else
	LSR  $const_valueShift, e, a
	MOVH a, (out)
#endif
	UBFX $const_countShift, e, $2, a
	ADD  a<<LOG, out
	REFILL
	MOVD (far)(index<<3), second

distanceOrLiterals:
	TBNZ $(const_secondShift+7), second, farSpecial

	// The distance is the least distance plus the extra bits.
	LSR  $const_secondShift, second, a
	LOW(a, distance)
	LSR  a, buffer
	SUB  a.UXTB, bits
	LSR  $const_codeShift2, second, a
	LSR  a, distance
	UBFX $const_valueShift, second, $16, a
	ADD  a, distance

	// The count is 3 for a distance, which makes this the match's length, and else the number of literals.
	UBFX $const_countShift, second, $2, a
	ADD  a, length

#ifdef CHECKED
	// A distance beyond the first byte is an error: out - first - distance < 0. Literals are not a distance: bit 62 of
	// e distinguishes the two.
	SUB  first, out, a
	SUB  distance, a
	AND  e<<1, a
	TBNZ $63, a, tooFar
#endif

	// Matches longer than 16 bytes, or that overlap themselves (distance < length), are rare and handled elsewhere.
	CMP  $16, length
	CCMP LS, distance, length, $0
	BLO  rare

copy:
#ifdef WIDE
	// Without a match, entries are copied first, and the literals over them. With a match, the literals go to unused
	// memory.
	SUB   distance<<LOG, out, from
	TST   $const_isMatch, e
	CSEL  NE, from, litlens, from
	CSEL  NE, spare, out, to
	FLDPQ (from), (F0, F1)
	FSTPQ (F0, F1), (out)
	LITERALS(second, from)
	MOVW from, (to)
#else
	// Without a match, the literals are copied from bytes 2 and 3 of their entry.
	SUB   distance, out, from
	ADD   index<<3, far, to
	ADD   $(const_valueShift/8), to
	TST   $const_isMatch, e
	CSEL  NE, from, to, from
	FMOVQ (from), F0
	FMOVQ F0, (out)
#endif
	ADD length<<LOG, out

next:
	// Another round if out < limit and in <= inEnd.
	CMP  limit, out
	CCMP LO, in, inEnd, $2
	BLS  round
	MOVD $const_stopLimit, a

done:
	MOVD a, loop_why(fields)
	MOVD in, loop_in(fields)
	MOVD buffer, loop_buffer(fields)
	MOVD bits, loop_bits(fields)
	MOVD out, loop_out(fields)
	RET

rare:
	// The literals 0 and 0, or 0 and 1, look like a distance. Anything longer than 16 is a match.
	TBZ $62, e, copy

	// Any match is copied in words of 16 bytes, beyond its end. Two words at a time are copied if they do not overlap.
#ifdef WIDE
	LSL $LOG, distance
#endif
	SUB distance, out, from
	ADD length<<LOG, out, end
	CMP $32, distance
	BLO near

pairs:
	FLDPQ.P 32(from), (F0, F1)
	FSTPQ.P (F0, F1), 32(out)
	CMP     end, out
	BLO     pairs
	MOVD    end, out
	B       next

near:
	CMP $16, distance
	BLO pattern

words:
	FMOVQ.P 16(from), F0
	FMOVQ.P F0, 16(out)
	CMP     end, out
	BLO     words
	MOVD    end, out
	B       next

pattern:
	// The bytes of the distance are repeated as often as they fit whole into 16 bytes. The row of this distance in
	// patterns has their order, and the byte after that order has their number.
	FMOVQ (from), F0
	ADD   distance<<5, patterns, a
	FMOVQ (a), F1
	MOVBU 16(a), step
	VTBL  V1.B16, [V0.B16], V0.B16

repeat:
	VST1.P [V0.B16], (out)(step)
	CMP    end, out
	BLO    repeat
	MOVD   end, out
	B      next

special:
	// A code that is longer than an index is in a subtable.
	UBFX $8, e, $2, a
	CMP  $(const_kindSubtable>>8), a
	BNE  noSymbol
	SUBTABLE(const_litlenBits, e)
	MOVD (litlens)(index<<3), e
	TBZ  $63, e, taken

noSymbol:
	// This is the end of the block, or not a code.
	UBFX $8, e, $2, index
	MOVD $const_stopLitlen, a
	CMP  $(const_kindEnd>>8), index
	BNE  done
	LSR  e, buffer
	SUB  e.UXTB, bits
	MOVD $const_stopEnd, a
	B    done

farSpecial:
	UBFX $8, second, $2, index
	MOVD $const_stopDistance, a
	CMP  $(const_kindSubtable>>8), index
	BNE  done
	SUBTABLE(const_distanceBits, second)
	MOVD (far)(index<<3), second

	// An entry of a subtable never refers to a subtable. So a second time here means that the bits are not a code.
	B distanceOrLiterals

#ifdef CHECKED
tooFar:
	MOVD $const_stopFar, a
	B    done
#endif

#undef SIZE
#undef LOG
