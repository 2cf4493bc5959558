/*
 * The two clocks.  Nothing below the loop's own modules reads them: time comes
 * in as a parameter.
 *
 * Layer: daemon.  Threads: any.
 */
#ifndef DAEMON_CLOCK_H
#define DAEMON_CLOCK_H

#include <stdint.h>

int64_t	 clock_wall_ms(void);	/* since 1970; may step */
int64_t	 clock_mono_ms(void);	/* never runs back, as the next */
int64_t	 clock_mono_us(void);

#endif
