#include "proto/state.h"

#include <strings.h>

#include "proto/audit.h"
#include "proto/json.h"

static const char *const name[STATE_COUNT] = {
	"PENDING", "RUNNING", "WAITING", "SUCCESS", "FAILED", "CANCELLED",
};

const char *
state_name(enum state s)
{
	return (name[s]);
}

bool
state_parse(struct span s, enum state *state)
{
	int i;

	for (i = 0; i < STATE_COUNT; i++)
		if (s.n == strlen(name[i]) &&
		    strncasecmp(s.p, name[i], s.n) == 0) {
			*state = (enum state)i;
			return (true);
		}
	return (false);
}

bool
state_is_end(enum state s)
{
	return (s >= STATE_SUCCESS);
}

struct span
state_member(struct span metadata, const char *key, const char *other)
{
	struct span s = jtext_member(metadata, key);

	return (s.p != NULL ? s : jtext_member(metadata, other));
}

/* A state has no letter that would be written with an escape. */
static bool
parse_quoted(struct span s, enum state *state)
{
	return (s.n > 2 && s.p[0] == '"' && state_parse((struct span){
	    s.p + 1, s.n - 2 }, state));
}

bool
state_of_event(struct span text, struct span metadata, enum state *state)
{
	enum audit_type type;

	if (!audit_type_parse(text, &type))
		return (false);
	switch (type) {
	case AUDIT_CREATED:
		*state = STATE_PENDING;
		return (true);
	case AUDIT_STARTED:
		*state = STATE_RUNNING;
		return (true);
	case AUDIT_STATE_CHANGE:
		return (jtext_member(metadata, "task_id").p == NULL &&
		    parse_quoted(state_member(metadata, "to", "to_state"),
		    state));
	case AUDIT_COMPLETED:
		*state = STATE_SUCCESS;
		return (true);
	case AUDIT_FAILED:
	case AUDIT_TIMEOUT:
		*state = STATE_FAILED;
		return (true);
	case AUDIT_CANCELLED:
		*state = STATE_CANCELLED;
		return (true);
	}
	return (false);
}
