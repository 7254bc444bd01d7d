/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What every program may rely on that includes the header, alone or again: tests/header.rs compiles
 * this in every standard of C and C++. */
#include <zsplice.h>
#include <zsplice.h>

#if ZS_VERSION != (ZS_VERSION_MAJOR << 16 | ZS_VERSION_MINOR << 8 | ZS_VERSION_PATCH)
#error "ZS_VERSION is not made of its parts"
#endif

/* Static assertions, as C89 knows them. */
#define SAYS(name, fact) typedef char name[(fact) ? 1 : -1]
#define AT(member, offset, size)                                                                 \
	SAYS(member##_is_in_place, offsetof(struct zs_result, member) == (offset) &&              \
					   sizeof(((struct zs_result *)0)->member) == (size))

SAYS(the_result_is_frozen, sizeof(struct zs_result) == 64);
AT(bytes, 0, 8);
AT(in_flight, 8, 8);
AT(copied, 16, 8);
AT(holes, 24, 8);
AT(via, 32, 4);
AT(side, 36, 4);
AT(error, 40, 4);
AT(refused, 44, 4);
AT(refusal, 48, 4);
AT(index, 52, 4);
AT(spare, 56, 8);

#if ZS_TO_END != 18446744073709551615u
#error "ZS_TO_END is not for the preprocessor"
#endif
SAYS(to_end_is_the_greatest_length, ZS_TO_END == (uint64_t)-1);
SAYS(to_end_is_a_length, sizeof(ZS_TO_END) == sizeof(uint64_t));
SAYS(mechanisms_are_bits_of_their_own,
     ZS_VIA_CLONE == 0x01 && ZS_VIA_COPY_RANGE == 0x02 && ZS_VIA_SENDFILE == 0x04 &&
	     ZS_VIA_SPLICE == 0x08 && ZS_VIA_TEE == 0x10 && ZS_VIA_READ_WRITE == 0x20);
SAYS(sides_are_numbered, ZS_SIDE_IN == 1 && ZS_SIDE_OUT == 2 && ZS_SIDE_CALL == 3);
SAYS(flags_are_in_place,
     ZS_INTERRUPT == 0x2 && ZS_NOSIGPIPE == 0x4 && ZS_MORE == 0x8 && ZS_STABLE == 0x10 &&
	     ZS_CLONE == 0x40 && ZS_NO_CLONE == 0x80 && ZS_FILL_HOLES == 0x100 &&
	     ZS_CANCEL_FD == 0x200 && ZS_DROP_FAILED == 0x400 && ZS_GROW_PIPE == 0x800 &&
	     ZS_EITHER_END == 0x1000 && ZS_RELAY_SHUTDOWN == 0x10000 && ZS_RELAY_LEVEL == 0x20000);
SAYS(wants_are_bits_of_their_own, ZS_WANT_READ == 1 && ZS_WANT_WRITE == 2 && ZS_WANT_RUN == 4);

/* What goes into an unsigned member is unsigned: one less than zero of it is the greatest number. What
 * is compared with an int is an int. */
SAYS(mechanisms_are_unsigned, ZS_VIA_CLONE - 2 > 0);
SAYS(sides_are_unsigned, ZS_SIDE_IN - 2 > 0);
SAYS(flags_are_unsigned, ZS_INTERRUPT - 3 > 0 && ZS_RELAY_SHUTDOWN - 0x10001 > 0);
SAYS(wants_are_signed, ZS_WANT_READ - 2 < 0);

/* No warning with -Wsign-conversion: the members are unsigned, too. */
void without_sigpipe(struct zs_options *options, const struct zs_result *result);
void without_sigpipe(struct zs_options *options, const struct zs_result *result)
{
	options->flags &= ~ZS_NOSIGPIPE;
	options->avoid |= result->refused & ~ZS_VIA_READ_WRITE;
}

/* The initializer names every member, or the compiler says which it misses. */
extern struct zs_options options;
struct zs_options options = ZS_OPTIONS_INIT;

#if defined(__cplusplus) && __cplusplus >= 201103L
static_assert(noexcept(zs_copy(0, NULL, 1, NULL, 1, NULL, NULL)), "zs_copy throws nothing");
static_assert(noexcept(zs_relay_new(0, 1, 1, NULL, 0)), "zs_relay_new throws nothing");
#endif
