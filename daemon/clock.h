/*
 * The two clocks.  Nothing below the loop's own modules reads them: time comes
 * in as a parameter.
 *
 * Layer: daemon.  Threads: any.
 */
#ifndef DAEMON_CLOCK_H
#define DAEMON_CLOCK_H

#include <stdint.h>

struct clock_mark;

int64_t	 clock_wall_ms(void);	/* since 1970; may step */
int64_t	 clock_mono_ms(void);	/* never runs back, as the next */
int64_t	 clock_mono_us(void);

/* Both, and time asleep counted, with the boot that they belong to. */
void	 clock_mark(struct clock_mark *);

#endif
