#include "client/states.h"

#include "client/print_inner.h"
#include "proto/state.h"

const char *
states_color(struct span s)
{
	enum state state;

	if (s.p == NULL || !state_parse(s, &state))
		return (NULL);
	switch (state) {
	case STATE_SUCCESS:
		return (GREEN);
	case STATE_FAILED:
		return (RED);
	case STATE_RUNNING:
	case STATE_WAITING:
		return (YELLOW);
	case STATE_PENDING:
	case STATE_CANCELLED:
		return (GREY);
	}
	return (NULL);
}

bool
states_parse(const char *text, unsigned *states)
{
	enum state state;
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, ",");
		if (!state_parse((struct span){ text, n }, &state))
			return (false);
		*states |= 1u << state;
		if (text[n] == '\0')
			return (true);
	}
}
