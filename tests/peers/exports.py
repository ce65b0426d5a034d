"""Reads a job as JSON from standard input, and prints what Python's programs make of its files, as JSON."""

import csv
import io
import json
import sys
import warnings

warnings.filterwarnings("ignore")


def read_csv(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def twarc_csv(path, extra=""):
    """The rows of `twarc2 csv --allow-duplicates`, which was told of members that are new to it."""
    import contextlib

    from dataframe_converter import DEFAULT_TWEET_COLUMNS, DataFrameConverter

    converter = DataFrameConverter(
        extra_input_columns=extra,
        output_columns=",".join(DEFAULT_TWEET_COLUMNS),
        allow_duplicates=True,
    )
    written = io.StringIO()
    with open(path, encoding="utf-8") as file, contextlib.redirect_stderr(io.StringIO()):
        for i, line in enumerate(file):
            frame = converter.process([json.loads(line)])
            frame.to_csv(written, columns=converter.output_columns, index=False, header=i == 0)
    written.seek(0)
    return list(csv.reader(written))


def json2csv(path):
    from twarc import json2csv

    rows = [json2csv.get_headings()]
    with open(path, encoding="utf-8") as file:
        for line in file:
            try:
                row = json2csv.get_row(json.loads(line))
            except (KeyError, TypeError, AttributeError):
                # It takes no statuses of the first years.
                row = None
            rows.append(row and ["" if cell is None else str(cell) for cell in row])
    return rows


def gexf(path):
    """Nodes and edges by networkx."""
    import networkx

    graph = networkx.read_gexf(path)
    edges = [[a, b, data["kind"], data["weight"]] for a, b, data in graph.edges(data=True)]
    return {"nodes": dict(graph.nodes(data=True)), "edges": sorted(edges)}


def bag(path):
    """Whether bagit.py finds a bag valid, what is in it, and what it says of itself."""
    import bagit

    found = bagit.Bag(path)
    try:
        found.validate()
        fault = None
    except bagit.BagValidationError as error:
        fault = str(error)
    return {"fault": fault, "info": found.info, "payload": sorted(found.payload_files())}


def untar(path, to):
    """Unpacks a tar as Python does; its members."""
    import tarfile

    with tarfile.open(path) as tar:
        tar.extractall(to, filter="data")
        return tar.getnames()


def crate(path):
    """What ROCrate reads of a folder: the root, its files with their sizes, the runs, and who made it."""
    from rocrate.rocrate import ROCrate

    read = ROCrate(path)
    root = read.root_dataset
    files = [one for one in read.data_entities if one.type == "File"]
    runs = [one for one in read.contextual_entities if one.type == "CreateAction"]
    return {
        "name": root.get("name"),
        "authors": [one.get("name") for one in root.get("author", [])],
        "license": getattr(root.get("license"), "id", root.get("license")),
        "files": {one.id: [one.get("sha256"), one.get("contentSize")] for one in files},
        "runs": [
            {"name": run["name"], "by": run["instrument"]["name"], "result": [f.id for f in run["result"]]}
            for run in runs
        ],
    }


def flatten(path):
    from twarc.expansions import ensure_flattened

    with open(path, encoding="utf-8") as file:
        return [tweet for line in file for tweet in ensure_flattened(json.loads(line))]


def parquet(path):
    """The rows by pyarrow, their types, what the file says of itself, and what DuckDB counts."""
    import duckdb
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    rows = [
        {name: cell.isoformat() if hasattr(cell, "isoformat") else cell for name, cell in row.items()}
        for row in table.to_pylist()
    ]
    query = (
        "select kind, count(*), min(created_at)::varchar, max(len(hashtags)), sum(like_count)::bigint "
        f"from '{path}' group by kind order by kind"
    )
    return {
        "rows": rows,
        "types": {field.name: str(field.type) for field in table.schema},
        "metadata": {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()},
        "kinds": duckdb.connect().execute("set timezone='UTC';" + query).fetchall(),
    }


JOBS = {
    "bag": bag,
    "crate": crate,
    "flatten": flatten,
    "gexf": gexf,
    "json2csv": json2csv,
    "parquet": parquet,
    "read_csv": read_csv,
    "twarc_csv": twarc_csv,
    "untar": untar,
}

job = json.load(sys.stdin)
json.dump([JOBS[kind](*paths) for kind, *paths in job], sys.stdout)
