#include "daemon/ledger.h"

void
ledger_add(struct ledger *l, struct ledger_entry *e)
{
	LIST_INSERT_HEAD(&l->list, e, entry);
	l->count++;
}

void
ledger_remove(struct ledger *l, struct ledger_entry *e)
{
	LIST_REMOVE(e, entry);
	l->count--;
}

void
ledger_seal(struct ledger *l)
{
	struct ledger_entry *e;

	LIST_FOREACH(e, &l->list, entry)
		e->sealed = e->admitted;
}

void
ledger_commit(struct ledger *l)
{
	struct ledger_entry *e, *next;

	for (e = LIST_FIRST(&l->list); e != NULL; e = next) {
		next = LIST_NEXT(e, entry);
		if (e->committed < e->sealed) {
			e->committed = e->sealed;
			e->on_committed(e->arg);
		}
	}
}

void
ledger_settle(struct ledger *l)
{
	ledger_seal(l);
	ledger_commit(l);
}
