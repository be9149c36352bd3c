"""The checks, and the labs in which they are made."""

import os
import sys

from bench import EXPORT, FAMILIES, OUR_ADDRESS, THEIR_ADDRESS, Bench, two_sessions
from graceful import run_graceful
from node import Failure, eventually
from paths import run_extended, run_paths, run_route_server
from peer import COMMUNITY, LARGE, MARKED, MED, PLAIN, Session, Setting
from report import CHECKS, NOT_THERE, Report

def check_exchange(bench, report):
    """A session and its routes, both ways, for each family."""
    for session, family in zip(bench.setting.sessions, FAMILIES):
        with report.check(f"session{family[-1]}"):
            bench.expect_up(session)
        if not report.holds(f"session{family[-1]}"):
            return report.skip(CHECKS_OF_MAIN, f"no {family} session")
        with report.check(f"learn{family[-1]}"):
            bench.expect_learned(session, family)
        with report.check(f"tell{family[-1]}"):
            bench.expect_told(session, family)


def check_attributes(bench, report):
    with report.check("our_attributes"):
        for session, family in zip(bench.setting.sessions, FAMILIES):
            for prefix, seen in bench.peer.routes(session, family).items():
                wanted = (EXPORT["med"], EXPORT["communities"], bench.our_paths(family)[prefix])
                if (seen.med, seen.communities, seen.as_path) != wanted:
                    raise Failure(f"{prefix}: expected {wanted}, found {seen}")
    with report.check("their_attributes"):
        for session, family in zip(bench.setting.sessions, FAMILIES):
            routes = bench.labd.routes(session.name)
            found = [(routes[prefix]["med"], routes[prefix]["as_path"]) for prefix in (PLAIN[family], MARKED[family])]
            wanted = list(zip((None, MED), bench.their_paths(family).values()))
            # FRR announces MED 0 where there is none.
            if [(med or None, path) for med, path in found] != wanted:
                raise Failure(f"expected {wanted}, found {found}")
    with report.check("passed_on"):
        for session, family in zip(bench.observer.setting.sessions, FAMILIES):
            seen = lambda: bench.observer.routes(session, family).get(MARKED[family])
            path = [bench.setting.our_asn] + bench.their_paths(family)[MARKED[family]]
            eventually(
                lambda: (seen().as_path, seen().med, seen().communities) == (path, None, [COMMUNITY, LARGE])
                if seen() else False,
                lambda: f"{family}: expected {path}, [{COMMUNITY} {LARGE}], found {seen()}")


def check_withdrawals(bench, report):
    with report.check("our_withdraw"):
        bench.labd.send("withdraw")
        for session in bench.setting.sessions:
            bench.expect_told(session, session.families[0], {})
        bench.labd.send("announce")
        bench.expect_everything()
    with report.check("their_withdraw"):
        bench.peer.withdraw()
        for session in bench.setting.sessions:
            bench.expect_learned(session, session.families[0], {})
        bench.peer.announce()
        bench.expect_everything()


def check_refresh(bench, report):
    if why := bench.peer.lacks.get("refresh"):
        return report.set("refresh", NOT_THERE, why)
    with report.check("refresh"):
        for session in bench.setting.sessions:
            ends = len(bench.labd.ends(session.name))
            sent = bench.labd.session(session.name)["sent"]
            bench.peer.refresh(session)
            eventually(lambda: bench.labd.session(session.name)["sent"] > sent, f"{session.name}: nothing sent again")
            if len(bench.labd.ends(session.name)) != ends:
                raise Failure(f"{session.name} has ended: {bench.labd.ends(session.name)}")
        bench.expect_everything()


def check_restarts(bench, report):
    with report.check("their_reset"):
        for session in bench.setting.sessions:
            ends = len(bench.labd.ends(session.name))
            bench.peer.reset(session)
            eventually(lambda: len(bench.labd.ends(session.name)) > ends, f"{session.name} has not ended")
        bench.expect_everything(bench.peer.patience)
    with report.check("our_stop"):
        bench.labd.stop()
        for session in bench.setting.sessions:
            eventually(lambda: not bench.peer.is_established(session), f"{session.name} stays Established for them")
            eventually(lambda: bench.peer.routes(session, session.families[0]) == {}, "our routes stay with them")
            if bench.ours.kernel(session.families[0], "bgp"):
                raise Failure("routes stay in our kernel")
        bench.labd.start()
        bench.expect_everything()
    with report.check("their_restart"):
        bench.peer.kill()
        for session in bench.setting.sessions:
            bench.expect_learned(session, session.families[0], {})
        bench.peer.start()
        bench.expect_everything()
    with report.check("our_restart"):
        bench.labd.kill()
        bench.labd.start()
        bench.expect_everything()


OF_OTHERS = ("both", "asn4", "md5", "ttl", "roles", "paths_told", "paths_learned", "extended", "route_server",
             "their_graceful", "our_graceful", "our_kernel")
CHECKS_OF_MAIN = [name for name in CHECKS if name not in OF_OTHERS]


def run_main(kind, folder, report):
    """A session for each family, as labs have them."""
    bench = Bench(kind, f"{folder}/main", Setting(65001, 65002, two_sessions()), with_observer=True)
    try:
        check_exchange(bench, report)
        if "refresh" in report.cells:
            return
        check_attributes(bench, report)
        check_withdrawals(bench, report)
        check_refresh(bench, report)
        check_restarts(bench, report)
    finally:
        bench.close()


def run_both(kind, folder, report):
    """One session for both families, between 4-octet AS numbers of which no 2-octet field shows anything."""
    session = Session("them", OUR_ADDRESS["ipv4"], THEIR_ADDRESS["ipv4"], list(FAMILIES))
    bench = Bench(kind, f"{folder}/both", Setting(4_200_000_001, 4_200_000_002, [session]))
    try:
        with report.check("asn4"):
            bench.expect_up(session)
            bench.expect_learned(session, "ipv4")
            bench.expect_told(session, "ipv4")
        with report.check("both"):
            bench.expect_everything()
    finally:
        bench.close()


def run_option(kind, folder, report, name, our_options, **theirs):
    """Sessions with an option on both sides: up, and routes both ways."""
    sessions = two_sessions()
    for session in sessions:
        for key, value in theirs.items():
            setattr(session, key, value)
    with report.check(name):
        bench = Bench(kind, f"{folder}/{name}", Setting(65001, 65002, sessions), our_options)
        try:
            bench.expect_everything()
        finally:
            bench.close()


def neighbours(bench):
    return bench.labd.ask("show", view="neighbors")["neighbors"]


def packets_are_dropped(bench):
    """Whether both ends' kernels have dropped what two tries take, and more, over each of two sessions."""
    return bench.ours.turned_away() + bench.theirs.turned_away() >= 8


def opens_come(bench):
    """Whether each session has been tried twice as far as an OPEN of theirs."""
    return all(each["messages"]["received"]["open"] >= 2 for each in neighbours(bench))


def run_refused(kind, folder, report, name, our_options, have_tried, **theirs):
    """Sessions whose ends contradict each other never come up. Only worth looking at where agreeing ones do."""
    if not report.holds(name):
        return
    sessions = two_sessions()
    for session in sessions:
        for key, value in theirs.items():
            setattr(session, key, value)
    with report.check(name):
        bench = Bench(kind, f"{folder}/{name}-refused", Setting(65001, 65002, sessions), our_options)
        try:
            eventually(lambda: have_tried(bench), "they do not try", 20)
            for each in neighbours(bench):
                if each["established"] > 0:
                    raise Failure(f"{each['name']} was Established against what was configured")
        finally:
            bench.close()


def run_all(kind, is_verbose):
    """All checks with one daemon: check to (word, why)."""
    report = Report(kind.name, is_verbose)
    if not kind.is_installed():
        for name in CHECKS:
            report.set(name, NOT_THERE, f"{kind.package} is not installed")
        return report.cells
    folder = f"/run/interop/{kind.name}"
    parts = [
        lambda: run_main(kind, folder, report),
        lambda: run_both(kind, folder, report),
        lambda: option_checks(kind, folder, report),
        lambda: run_paths(kind, folder, report),
        lambda: "extended" in kind.lacks or run_extended(kind, folder, report),
        lambda: run_graceful(kind, folder, report),
        lambda: run_route_server(kind, folder, report),
    ]
    for part in parts:
        try:
            part()
        except (Failure, RuntimeError, OSError, ValueError) as error:
            print(f"{kind.name}: {error}", file=sys.stderr)
            report.skip(CHECKS_OF_MAIN, str(error))
    report.skip(CHECKS, "not reached")
    if is_verbose:
        show_logs(folder)
    return report.cells


def show_logs(folder):
    """What the daemons said."""
    for place, _, files in sorted(os.walk(folder)):
        for name in files:
            if name in ("log", "labd.log", "messages"):
                with open(f"{place}/{name}", errors="replace") as file:
                    print(f"== {place}/{name}\n{file.read()}", file=sys.stderr)


def option_checks(kind, folder, report):
    """What both sides have to be told. Where it protects, ends that contradict each other as well."""
    for name, why in kind.lacks.items():
        report.set(name, NOT_THERE, why)
    if "md5" not in kind.lacks:
        run_option(kind, folder, report, "md5", {"md5_password": "correct"}, password="correct")
        run_refused(kind, folder, report, "md5", {"md5_password": "wrong"}, packets_are_dropped, password="correct")
    if "ttl" not in kind.lacks:
        run_option(kind, folder, report, "ttl", {"ttl_security": 1}, is_ttl_secure=True)
        # Their packets come with a TTL that is no proof.
        run_refused(kind, folder, report, "ttl", {"ttl_security": 1}, packets_are_dropped, is_ttl_secure=False)
    if "roles" not in kind.lacks:
        run_option(kind, folder, report, "roles", {"role_strict": True}, role="peer")
        run_refused(kind, folder, report, "roles", {"role_strict": True}, opens_come, role="provider")
