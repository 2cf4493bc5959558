"""execlog_schema lost or damaged, and triggers in the way: what is advised helps."""
import re
import shutil
import sqlite3
import subprocess

import pytest

from e2e.test_migrate import NEWEST, migrate, rows, schema
from lib.daemon import await_until

DAMAGES = {
    "lost": "DROP TABLE execlog_schema",
    "empty": "DELETE FROM execlog_schema",
    "holes": "DELETE FROM execlog_schema WHERE version IN (3, 4)",
    "first": "DELETE FROM execlog_schema WHERE version = 1",
}


@pytest.mark.parametrize("how", DAMAGES)
def test_it_is_told_and_can_be_brought_back(idle, how):
    idle.start()
    idle.ok("write", "e1", "x")
    assert idle.stop() == 0
    backup = idle.folder / "backup.db"
    shutil.copy(idle.db, backup)
    idle.start()
    idle.sql(DAMAGES[how])
    status = idle.status()
    assert status["state"] == "degraded"
    assert "execlog_schema" in status["reason"]
    assert f"| sqlite3 {idle.db}" in status["advice"]
    assert idle.stop() == 0
    before, was = rows(idle.db), schema(idle.db)
    code, out, _ = migrate(idle, "status")
    assert code == 0 and "lost or damaged" in out.splitlines()[0]
    for words in ["up"], ["down"], ["down", "--yes"], ["down", "3", "--yes"]:
        code, out, err = migrate(idle, *words)
        assert code in (1, 5) and out == "" and "lost or damaged" in err
    for option in [], ["--no-migrate"]:
        code, err = idle.refused(*option)
        assert code == 5
    assert (rows(idle.db), schema(idle.db)) == (before, was)
    command = re.search(r"sqlite3 BACKUP .*", err)[0]
    assert command == re.search(r"sqlite3 BACKUP .*", status["advice"])[0]
    idle.sql("DROP TABLE IF EXISTS execlog_schema")
    subprocess.run(command.replace("BACKUP", str(backup)), shell=True,
                   check=True)
    assert migrate(idle, "status")[1].startswith(
        f"version {NEWEST}, this program knows up to {NEWEST}\n")
    idle.start("--no-migrate")
    assert idle.status()["state"] == "ok" and idle.messages("e1") == ["x"]


def test_what_status_advises_about_triggers_helps(idle):
    idle.start("--retention-days", 30)
    idle.ok("write", "e1", "x")
    # One of ours is gone.
    idle.sql("DROP TRIGGER execlog_audit_no_update")
    status = idle.status()
    assert "append-only" in status["reason"]
    assert "restart execlogd" in status["advice"]
    assert idle.stop() == 0
    idle.start("--retention-days", 30)
    assert idle.status()["state"] == "ok"
    # One of others: rows wait.
    idle.sql("CREATE TRIGGER evil BEFORE INSERT ON execution_logs "
             "BEGIN SELECT 1; END")
    p = idle.producer()
    p.log("e1", "y")
    p.flush()
    status = await_until(lambda: (s := idle.status())["reason"] and s,
                         "degraded")
    assert "the trigger evil" in status["reason"], status["reason"]
    path, command = re.search(r"sqlite3 (\S+) '(.*?)'",
                              status["advice"]).groups()
    db = sqlite3.connect(path, timeout=10)
    db.execute(command.replace("name", "evil"))
    db.close()
    await_until(lambda: idle.status()["state"] == "ok", "recovery")
    p.acked()
