#include "proto/buf.h"

#include <stdio.h>
#include <stdlib.h>

void
buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->failed = false;
}

void
buf_cut(struct buf *b, size_t n)
{
	if (n < b->n)
		b->n = n;
}

bool
buf_reserve(struct buf *b, size_t n)
{
	size_t cap;
	char *p;

	if (b->failed)
		return (false);
	if (n <= b->cap - b->n)
		return (true);
	if (n > SIZE_MAX / 2 - b->n)
		goto failed;
	cap = b->cap < 256 ? 256 : b->cap;
	while (cap < b->n + n)
		cap *= 2;
	if ((p = realloc(b->p, cap)) == NULL)
		goto failed;
	b->p = p;
	b->cap = cap;
	return (true);

failed:
	b->failed = true;
	return (false);
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !buf_reserve(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void
buf_span(struct buf *b, struct span s)
{
	buf_add(b, s.p, s.n);
}

void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, 1);
}

void
buf_u32(struct buf *b, uint32_t v)
{
	uint8_t p[4];

	be_put_u32(p, v);
	buf_add(b, p, sizeof p);
}

void
buf_u64(struct buf *b, uint64_t v)
{
	buf_u32(b, (uint32_t)(v >> 32));
	buf_u32(b, (uint32_t)v);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0 && buf_reserve(b, (size_t)n + 1)) {
		(void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	} else
		b->failed = true;
	va_end(again);
}

struct span
buf_text(const struct buf *b)
{
	return ((struct span){ b->p != NULL ? b->p : "", b->n });
}

uint32_t
be_u32(const void *v)
{
	const uint8_t *p = v;

	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]);
}

uint64_t
be_u64(const void *v)
{
	const uint8_t *p = v;

	return ((uint64_t)be_u32(p) << 32 | be_u32(p + 4));
}

void
be_put_u32(void *v, uint32_t x)
{
	uint8_t *p = v;

	p[0] = (uint8_t)(x >> 24);
	p[1] = (uint8_t)(x >> 16);
	p[2] = (uint8_t)(x >> 8);
	p[3] = (uint8_t)x;
}
