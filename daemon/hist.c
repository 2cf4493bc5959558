#include "daemon/hist.h"

/* Values below 8 have their own buckets; then eight for each doubling. */
static int
bucket_of(int64_t us)
{
	int shift, bucket;

	if (us < 8)
		return (us < 0 ? 0 : (int)us);
	shift = 60 - __builtin_clzll((unsigned long long)us);
	bucket = shift * 8 + (int)(us >> shift);
	return (bucket < HIST_BUCKETS ? bucket : HIST_BUCKETS - 1);
}

/* The largest value of a bucket. */
static int64_t
bucket_top(int bucket)
{
	int shift;

	if (bucket < 16)
		return (bucket);
	shift = bucket / 8 - 1;
	return (((int64_t)(bucket % 8 + 8 + 1) << shift) - 1);
}

void
hist_add(struct hist *h, int64_t us)
{
	h->count[bucket_of(us)]++;
	h->total++;
	if (us > h->max)
		h->max = us;
}

int64_t
hist_quantile(const struct hist *h, int per_mille)
{
	uint64_t wanted, seen = 0;
	int64_t top;
	int i;

	if (h->total == 0)
		return (0);
	wanted = (h->total * (uint64_t)per_mille + 999) / 1000;
	for (i = 0; i < HIST_BUCKETS - 1; i++) {
		seen += h->count[i];
		if (seen >= wanted)
			break;
	}
	top = bucket_top(i);
	return (top < h->max ? top : h->max);
}
