"""Measures cnnc beside other frameworks, each in a process of its own, in turn, and makes the tables and charts of docs/performance.md.

usage: python3 benches/peers rows                       what can be measured
       python3 benches/peers measure [ROW…] [options]   rows of the tables (all of them; a part of a name selects too)
       python3 benches/peers growth [ROW…] [options]    the points of the charts
       python3 benches/peers report [--raw FILE]        tables and charts from the raw results, into docs/

Needs Python 3.10 and nothing else. The peers come by two variables; without them cnnc is measured alone, or beside those in Rust:
  CNNC_PEERS_SCRIPTS   folder with peer.py, export_onnx.py and models.py
  CNNC_PEERS_ENVS      folder with the environments tf, torch and ort, each with bin/python
burn, candle and tract are programs of benches/peers/rust, to be built before; they are measured where --peers names them.
"""
import argparse
import pathlib
import sys

sys.dont_write_bytecode = True

import growth  # noqa: E402
import measure  # noqa: E402
import rows  # noqa: E402
import table  # noqa: E402

TARGET = measure.ROOT / "target"
RAW = TARGET / "peers" / "results.jsonl"


def arguments():
    parser = argparse.ArgumentParser("benches/peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("rows")
    for name, rounds in (("measure", 5), ("growth", 3)):
        command = commands.add_parser(name)
        command.add_argument("rows", nargs="*", metavar="ROW")
        command.add_argument("--rounds", type=int, default=rounds, help="processes of each framework and row [%(default)s]")
        command.add_argument("--steps", type=int, help="measured steps of a process [as many as take some seconds]")
        command.add_argument("--peers", metavar="A,B", help=f"of {', '.join(rows.PEERS)}; '' for none [all that apply, but keras-xla and those in Rust]")
        command.add_argument("--cnnc", default=TARGET / "release" / "cnnc", help="the program [target/release/cnnc]")
        command.add_argument("--peak", default="auto", metavar="G,G",
                             help="GFLOP/s of multiply-adds with one thread and with all; none; or auto, measured by the bench `conv` [auto]")
        command.add_argument("--raw", default=RAW, help="JSON lines, added to what is there [target/peers/results.jsonl]")
    command = commands.add_parser("report")
    command.add_argument("--raw", default=RAW, help="what `measure` and `growth` wrote [target/peers/results.jsonl]")
    command.add_argument("--print", action="store_true", help="print the tables instead, and write nothing")
    command.add_argument("--docs", default=measure.ROOT / "docs", type=pathlib.Path, help="where performance.md is [docs]")
    return parser.parse_args()


def chosen(all_rows, names):
    found = [row for row in all_rows if not names or any(name in row.name for name in names)]
    exact = [row for row in all_rows if row.name in names]
    if not found:
        raise SystemExit(f"no row has {' or '.join(names)} in its name; `rows` lists them")
    return exact if len(exact) == len(names) > 0 else found


def main():
    a = arguments()
    if a.command == "rows":
        for row in rows.ROWS + growth.ROWS:
            print(f"{row.name:32} {row.file}, batch {row.batch}" + (f", {row.size}x{row.size}" if row.size else ""))
    elif a.command == "report":
        report(a)
    else:
        run(a)


def run(a):
    bench = measure.Bench(a)
    picked = chosen(rows.ROWS if a.command == "measure" else growth.ROWS, a.rows)
    # the charts show no share of the peak
    bench.machine(measure.measure_peaks(a.peak if a.command == "measure" else "none"))
    for row in picked:
        bench.row(row)
    measure.say(f"results: {bench.raw}")


def report(a):
    records = measure.read(a.raw)
    tables = table.markdown(records)
    if a.print:
        print(tables, end="")
        return
    table.put_into(a.docs / "performance.md", "tables", tables)
    charts = growth.charts(records)
    for name, text in charts.items():
        (a.docs / name).write_text(text)
    if charts:
        table.put_into(a.docs / "performance.md", "charts", "\n".join(f"![{name[:-4]}]({name})\n" for name in charts))


if __name__ == "__main__":
    main()
