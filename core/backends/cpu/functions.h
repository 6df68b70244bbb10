// exp, tanh and the activations, a vector at a time, part of kernels.cpp. Polynomials without a source were
// fitted here for the smallest largest relative error, which stands beside them.
#pragma once

#include "core/backends/cpu/vectors.h"

namespace headlight::HEADLIGHT_ISA {
namespace {

// exp(x) = 2^n * exp(r), n = round(x / ln 2), |r| <= ln 2 / 2 (Cody & Waite 1980, chapter 6); exp(r) by its
// Taylor series to r^7 (the next term is below 2^-28 of the result). ln 2 is split so that n * high part is
// exact. 2^n is applied in two factors so that results below 2^-126 come out as subnormal numbers. NaN stays
// NaN.
ALWAYS_INLINE Floats exponential(Floats x) {
  const Floats low = all(-104.0F), high = all(89.0F);  // beyond them the result is 0 or infinity
  x = x < low ? low : x;                               // false for NaN
  x = x > high ? high : x;
  const Floats shifter = all(0x1.8p23F);  // adding it leaves the rounded integer in the low bits
  const Floats shifted = x * 0x1.715476p+0F + shifter;
  const Floats n = shifted - shifter;
  const Floats r = (x - n * 0x1.62e4p-1F) - n * 0x1.7f7d1cp-20F;
  Floats p = r * (1.0F / 5040) + (1.0F / 720);
  p = p * r + (1.0F / 120);
  p = p * r + (1.0F / 24);
  p = p * r + (1.0F / 6);
  p = p * r + 0.5F;
  p = (p * r) * r + r;
  const Ints power = bits_as<Ints>(shifted) - bits_as<Ints>(shifter);
  const Ints half = power >> 1;
  const Floats first = bits_as<Floats>((half + 127) << 23);
  const Floats second = bits_as<Floats>((power - half + 127) << 23);
  return (p * first + first) * second;
}

ALWAYS_INLINE Floats magnitude(Floats x) { return bits_as<Floats>(bits_as<Ints>(x) & all(0x7fffffff)); }
ALWAYS_INLINE Floats with_sign_of(Floats x, Floats size) {
  return bits_as<Floats>((bits_as<Ints>(x) & ~all(0x7fffffff)) | bits_as<Ints>(size));
}

// Small values by a polynomial (1.5e-8), which keeps all their digits; others by 1 - 2 / (exp(2 |x|) + 1).
ALWAYS_INLINE Floats tanh_of(Floats x) {
  const Floats size = magnitude(x), square = x * x;
  Floats p = -0.00513866171F * square + 0.0200919695F;
  p = p * square - 0.05355886F;
  p = p * square + 0.13329111F;
  p = p * square - 0.333331913F;
  const Floats near = (p * square) * x + x;
  const Floats far = with_sign_of(x, 1.0F - 2.0F / (exponential(size + size) + 1.0F));
  return size < all(0.7F) ? near : far;  // NaN: far, which is NaN
}

// x times the normal distribution's share below x. In the middle that is 1/2 + x p(x^2) (2.7e-9). Farther
// out, the share beyond |x| is exp(-x^2 / 2) g(t), g a polynomial of t = 1 / (1 + |x| / 4) (8.1e-9), so that
// a small share keeps its digits as well; what x^2 loses by rounding is put back. Beyond 20 nothing is left.
ALWAYS_INLINE Floats gelu_of(Floats x) {
  Floats size = magnitude(x);
  size = size > all(20.0F) ? all(20.0F) : size;  // false for NaN
  const Floats square = size * size;
  Floats p = -6.68417169e-06F * square + 0.000110499815F;
  p = p * square - 0.00118298607F;
  p = p * square + 0.00997169688F;
  p = p * square - 0.0664900467F;
  p = p * square + 0.398942262F;
  const Floats near = p * x + 0.5F;
  const Floats t = 1.0F / (0.25F * size + 1.0F);
  Floats g = -0.0481906459F * t + 0.114172518F;
  g = g * t - 0.0293796211F;
  g = g * t + 0.0976714715F;
  g = g * t + 0.0711386949F;
  g = g * t + 0.0952357575F;
  g = g * t + 0.0995674357F;
  g = g * t + 0.0997424796F;
  const Floats high = bits_as<Floats>(bits_as<Ints>(size) & all(~0xfff));  // its square is exact
  const Floats lost = (high * high - square) + (size - high) * (size + high);
  const Floats power = exponential(-0.5F * square);
  const Floats beyond = (power - power * (0.5F * lost)) * (g * t);
  const Floats far = x < Floats{} ? beyond : 1.0F - beyond;
  return x * (size < all(1.25F) ? near : far);
}

ALWAYS_INLINE Floats silu_of(Floats x) { return x / (1.0F + exponential(-x)); }

// 0.5 x (1 + tanh(u)) = x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3). For a large negative x the
// exponential is infinite, and x / inf is the -0 that it should be.
ALWAYS_INLINE Floats gelu_tanh_of(Floats x) {
  const Floats twice = x * (1.5957691216057308F + 0.07135481627159942F * (x * x));
  return x / (1.0F + exponential(-twice));
}

ALWAYS_INLINE Floats relu_of(Floats x) {
  const Floats zero = {};
  return x < zero ? zero : x;  // NaN stays NaN
}

}  // namespace
}  // namespace headlight::HEADLIGHT_ISA
