#include "client/columns.h"

#include <stdbool.h>

#include "proto/text.h"

struct range {
	uint32_t	first;
	uint32_t	last;
};

/* Blocks, not single characters: Unicode's East_Asian_Width W and F, */
static const struct range wide[] = {
	{ 0x1100, 0x115f }, { 0x231a, 0x231b }, { 0x23e9, 0x23ec },
	{ 0x2e80, 0x303e }, { 0x3041, 0x33ff }, { 0x3400, 0x4dbf },
	{ 0x4e00, 0xa4cf }, { 0xa960, 0xa97c }, { 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff01, 0xff60 },
	{ 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff },
	{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

/* and its Mn and Me, in the scripts where they are most met. */
static const struct range none[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd },
	{ 0x0610, 0x061a }, { 0x064b, 0x065f }, { 0x0e34, 0x0e3a },
	{ 0x0e47, 0x0e4e }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
	{ 0x20d0, 0x20ff }, { 0x302a, 0x302d }, { 0xfe00, 0xfe0f },
	{ 0xfe20, 0xfe2f },
};

static bool
is_in(const struct range *r, size_t n, uint32_t c)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (c >= r[i].first && c <= r[i].last)
			return (true);
	return (false);
}

int
columns_of(uint32_t c)
{
	if (c < 0x300)
		return (1);
	if (is_in(none, sizeof none / sizeof none[0], c))
		return (0);
	return (is_in(wide, sizeof wide / sizeof wide[0], c) ? 2 : 1);
}

/* The character at s.p + i: its bytes, and how wide it is. */
static size_t
next(struct span s, size_t i, int *width)
{
	uint32_t c;
	size_t n = text_utf8(s.p + i, s.n - i, &c);

	*width = n > 0 ? columns_of(c) : 1;
	return (n > 0 ? n : 1);
}

int
columns_width(struct span s)
{
	int width, sum = 0;
	size_t i;

	for (i = 0; i < s.n; sum += width)
		i += next(s, i, &width);
	return (sum);
}

size_t
columns_fit(struct span s, int columns)
{
	int width, sum = 0;
	size_t i, n;

	for (i = 0; i < s.n; i += n) {
		n = next(s, i, &width);
		if ((sum += width) > columns)
			break;
	}
	return (i);
}
