"""Files of pyarrow, numpy, safetensors and torch.save with the counts or top-k ids that are given."""

import numpy
import pyarrow
import pyarrow.parquet
import torch
from fakes import answer
from safetensors.numpy import save_file


TYPES = {
    "int8": pyarrow.int8(),
    "int32": pyarrow.int32(),
    "int64": pyarrow.int64(),
    "uint16": pyarrow.uint16(),
    "list int32": pyarrow.list_(pyarrow.int32()),
    "list int64": pyarrow.list_(pyarrow.int64()),
    "large_list int64": pyarrow.large_list(pyarrow.int64()),
    "fixed list of 2 int64": pyarrow.list_(pyarrow.int64(), 2),
    "double": pyarrow.float64(),
}


def write_parquet(file, columns, types, options):
    arrays = {name: pyarrow.array(values, TYPES[types[name]]) for name, values in columns.items()}
    pyarrow.parquet.write_table(pyarrow.table(arrays), file, **options)


def write(kind, file, **case):
    if kind == "parquet":
        write_parquet(file, **case)
    elif kind == "npy":
        numpy.save(file, numpy.array(case["counts"], dtype=case["dtype"]))
    elif kind == "npz":
        numpy.savez(file, **{case["name"]: numpy.array(case["counts"], dtype=case["dtype"])})
    elif kind == "safetensors":
        save_file({name: numpy.array(counts, dtype="int64") for name, counts in case["tensors"].items()}, file)
    else:
        torch.save({case["name"]: torch.tensor(case["counts"])}, file)
    return file


answer(write)
