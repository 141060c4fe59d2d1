#include "oidc/crypto/ed25519_point.h"

#include <string>

#include "oidc/crypto/openssl_handle.h"

namespace oidc::crypto {
namespace {

using NumberContext = std::unique_ptr<BN_CTX, FreeWith<BN_CTX_free>>;

Number new_number() {
  Number number(BN_new());
  if (!number) end_process("BN_new");
  return number;
}

// The field of the curve -x² + y² = 1 + d·x²·y², with p = 2^255 - 19 and d = -121665/121666.
struct Field {
  Number p = new_number();
  Number d = new_number();

  explicit Field(BN_CTX* scratch) {
    const Number divisor = new_number();
    const Number inverse = new_number();
    const bool done = BN_set_bit(p.get(), 255) && BN_sub_word(p.get(), 19) &&
                      BN_set_word(divisor.get(), 121666) &&
                      BN_mod_inverse(inverse.get(), divisor.get(), p.get(), scratch) &&
                      BN_sub(d.get(), p.get(), BN_value_one()) && BN_sub_word(d.get(), 121664) &&
                      BN_mod_mul(d.get(), d.get(), inverse.get(), p.get(), scratch);
    if (!done) end_process("Ed25519 field");
  }
};

}  // namespace

bool is_usable_ed25519_point(std::string_view encoded) {
  if (encoded.size() != 32) return false;
  const ErrorScope errors;
  const NumberContext scratch(BN_CTX_new());
  if (!scratch) end_process("BN_CTX_new");
  const Field field(scratch.get());
  const BIGNUM* const p = field.p.get();

  std::string little_endian(encoded);  // y, and the sign of x in the highest bit
  little_endian[31] = static_cast<char>(little_endian[31] & 0x7f);
  const Number y(BN_lebin2bn(bytes_of(little_endian), 32, nullptr));
  if (!y || BN_cmp(y.get(), p) >= 0 || BN_is_zero(y.get())) return false;

  const Number yy = new_number();      // y²
  const Number u = new_number();       // y² - 1
  const Number v = new_number();       // d·y² + 1, so that x² = u/v
  const Number eighth = new_number();  // d·y⁴ + 2·y² - 1, zero at the points of order eight
  const Number product = new_number();
  const bool done = BN_mod_sqr(yy.get(), y.get(), p, scratch.get()) &&
                    BN_mod_sub(u.get(), yy.get(), BN_value_one(), p, scratch.get()) &&
                    BN_mod_mul(v.get(), field.d.get(), yy.get(), p, scratch.get()) &&
                    BN_mod_add(v.get(), v.get(), BN_value_one(), p, scratch.get()) &&
                    BN_mod_mul(eighth.get(), v.get(), yy.get(), p, scratch.get()) &&
                    BN_mod_add(eighth.get(), eighth.get(), u.get(), p, scratch.get()) &&
                    BN_mod_mul(product.get(), u.get(), v.get(), p, scratch.get());
  if (!done) end_process("Ed25519 point");
  // Orders one and two have u = 0, order four has y = 0.
  if (BN_is_zero(u.get()) || BN_is_zero(eighth.get())) return false;
  // u/v is a square exactly when u·v is.
  return BN_kronecker(product.get(), p, scratch.get()) == 1;
}

}  // namespace oidc::crypto
