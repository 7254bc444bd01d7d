/* What every program may rely on that includes the header, alone or again: tests/header.rs compiles
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
AT(spare, 44, 20);

SAYS(to_end_is_the_greatest_length, ZS_TO_END == (uint64_t)-1);
SAYS(mechanisms_are_bits_of_their_own,
     ZS_VIA_CLONE == 0x01 && ZS_VIA_COPY_RANGE == 0x02 && ZS_VIA_SENDFILE == 0x04 &&
	     ZS_VIA_SPLICE == 0x08 && ZS_VIA_TEE == 0x10 && ZS_VIA_READ_WRITE == 0x20);
SAYS(sides_are_numbered, ZS_SIDE_IN == 1 && ZS_SIDE_OUT == 2 && ZS_SIDE_CALL == 3);
