#include "proto/frame.h"

#include "proto/buf.h"

size_t
frame_limit(uint8_t type)
{
	switch ((enum frame_type)type) {
	case FRAME_LOG:
	case FRAME_LINE:
	case FRAME_LOG_ROW:
	case FRAME_AUDIT_ROW:
		return (FRAME_MAX);
	case FRAME_FLUSH:
	case FRAME_BYE:
	case FRAME_ACK:
	case FRAME_MASKED:
		return (sizeof(uint64_t));
	case FRAME_HELLO:
	case FRAME_LOG_JSON:
	case FRAME_EVENT:
	case FRAME_OPEN:
	case FRAME_CLOSE:
	case FRAME_MASK:
	case FRAME_REQUEST:
	case FRAME_WELCOME:
	case FRAME_REFUSED:
	case FRAME_ERROR:
	case FRAME_OPENED:
	case FRAME_NOTICE:
	case FRAME_END:
	case FRAME_STATUS:
	case FRAME_FACT:
	case FRAME_SWEEP:
		return (FRAME_JSON_MAX);
	}
	return (0);
}

enum frame_result
frame_decode(const void *v, size_t n, struct frame *f)
{
	const uint8_t *p = v;
	size_t length, limit;

	f->size = FRAME_HEADER;
	if (n < FRAME_HEADER)
		return (FRAME_SHORT);
	length = be_u32(p);
	if ((limit = frame_limit(p[4])) == 0)
		return (FRAME_BAD_TYPE);
	if (p[5] != 0 || p[6] != 0 || p[7] != 0)
		return (FRAME_BAD_RESERVED);
	if (length > limit) {
		f->size = length;
		return (FRAME_BAD_LENGTH);
	}
	f->type = (enum frame_type)p[4];
	f->size = FRAME_HEADER + length;
	if (n < f->size)
		return (FRAME_SHORT);
	f->body = (struct span){ (const char *)p + FRAME_HEADER, length };
	return (FRAME_OK);
}

size_t
frame_begin(struct buf *b, enum frame_type type)
{
	size_t mark = b->n;

	buf_u32(b, 0);
	buf_u8(b, (uint8_t)type);
	buf_add(b, "\0\0\0", 3);
	return (mark);
}

bool
frame_end(struct buf *b, size_t mark)
{
	size_t length;

	if (b->failed)
		return (false);
	length = b->n - mark - FRAME_HEADER;
	if (length > frame_limit((uint8_t)b->p[mark + 4])) {
		buf_cut(b, mark);
		return (false);
	}
	be_put_u32(b->p + mark, (uint32_t)length);
	return (true);
}
