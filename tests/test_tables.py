"""Register tables beside a plugin: what a row of the CSV becomes, and what is refused."""

from pathlib import Path

import pytest

from core.tables import RegisterTable, fault_table, register_table
from core.thing_model.fault import raised
from core.thing_model.layout.layouts import compile_layout, layout_keys
from core.thing_model.layout.mistakes import mistakes
from core.thing_model.problems import DecodeError, ModelError

HEAD = "table,address,words,data_type,word_order,scale,unit,point,variant,range,absent,enum\n"


def table_of(folder: Path, *rows: str, head: str = HEAD, enums: str = "") -> RegisterTable:
    (folder / "registers.csv").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    return register_table(str(folder / "__init__.py"), enums=enums)


METER = (
    "holding,0x0010,1,uint16,,0.1,V,voltage,,0..,0xFFFF,",
    "holding,17,2,int32,little,1,W,power,,,,",
    "input,17,1,int16,,1,degC,temperature,,-50..150,,",
    "holding,30,4,string,,1,,name,,,,",
)


def test_an_answer_is_one_read_with_its_checksum(tmp_path):
    decoder = table_of(tmp_path, *METER).answer("values", 0x10, 3, doc="Each second")
    codec = compile_layout(decoder.layout)

    frame = codec.encode({"voltage": 230.1, "power": -2})

    assert (decoder.channel, decoder.doc) == ("values", "Each second")
    assert frame.hex(" ") == "01 03 06 08 fd ff fe ff ff 1d bd"
    assert dict(zip(codec.keys, codec.decode(frame), strict=True)) == {
        "voltage": 230.1,
        "power": -2,
    }


@pytest.mark.parametrize(("table", "function", "keys"), [
    ("holding", 3, ("voltage", "power")),
    ("input", 4, ("temperature",)),
])  # fmt: skip
def test_an_answer_has_the_function_and_rows_of_its_table(tmp_path, table, function, keys):
    decoder = table_of(tmp_path, *METER).answer("values", 16, 3, table=table)

    assert layout_keys(decoder.layout) == keys
    assert decoder.layout.framing.function == function


def test_an_answer_may_be_shorter_in_older_firmware(tmp_path):
    codec = compile_layout(table_of(tmp_path, *METER).answer("values", 16, 1, 3).layout)

    assert codec.decode(bytes.fromhex("01 03 02 08 fd 7e 05")) == (230.1, None)
    with pytest.raises(DecodeError, match="expected 2 or 6"):
        codec.decode(bytes.fromhex("01 03 04 00 00 00 00 fa 33"))


def test_a_read_that_no_row_is_in_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"channel values.* input registers 100 to 104"):
        table_of(tmp_path, *METER).answer("values", 100, 5, table="input")


def test_a_row_that_a_read_cuts_in_two_is_a_mistake(tmp_path):
    layout = table_of(tmp_path, *METER).answer("values", 16, 2).layout

    assert list(mistakes(layout)) == [("power", "ends at byte 6, the block after 4 bytes")]


def test_a_row_is_a_datapoint(tmp_path):
    voltage, power, temperature, name = table_of(tmp_path, *METER).datapoints()

    assert (voltage.key, voltage.unit, voltage.range) == ("voltage", "V", (0, None))
    assert (power.unit, power.range, power.access) == ("W", None, "ro")
    assert temperature.range == (-50, 150)
    assert name.unit == ""


def test_attributes_common_to_all_datapoints(tmp_path):
    (voltage, *_) = table_of(tmp_path, *METER).datapoints(about="grid_meter")

    assert voltage.about == "grid_meter"


def test_a_variant_has_only_the_rows_that_it_replaces(tmp_path):
    table = table_of(tmp_path, *METER, "holding,16,1,uint16,,0.01,V,voltage,mini,,,")

    assert [f.key for f in table.fields(0, 99)] == ["voltage", "power", "name"]
    (field,) = table.fields(0, 99, variant="mini")
    assert (field.key, field.scale) == ("voltage", 0.01)
    assert len(list(table.datapoints())) == len(METER)


def test_bytes_masks_and_scattered_registers(tmp_path):
    head = "table,address,words,data_type,point,bit_mask,divide,register_list\n"
    rows = (
        "holding,1,1,uint8_high,high,,,",
        "holding,1,1,uint8_low,low,,,",
        "holding,2,1,uint16,hundreds,0xFFF0,100,",
        "holding,3,2,uint32,scattered,,,3;9",
    )
    high, low, hundreds, scattered = table_of(tmp_path, *rows, head=head).fields(1, 9)

    assert (high.byte, low.byte) == ("high", "low")
    assert (hundreds.mask, hundreds.divide) == (0xFFF0, 100)
    assert scattered.at == (3, 9)


def test_enumerations_stand_in_a_table_of_their_own(tmp_path):
    rows = "enum,value,symbol,label,confidence\nmode,0,off,Off,B\nmode,1,on,,\n"
    (tmp_path / "enums.csv").write_text(rows, encoding="utf-8")
    table = table_of(tmp_path, "holding,1,1,uint16,,1,,mode,,,,mode", enums="enums.csv")
    (mode,) = table.datapoints()

    assert mode.enum is not None
    assert [mode.enum.label(n) for n in (0, 1, 2)] == ["Off", "on", None]


def test_faults_stand_in_a_table_of_their_own(tmp_path):
    rows = "bitfield,bit,symbol,label,severity\nword,3,fan,Fan,critical\nother,0,x,X,\n"
    (tmp_path / "faults.csv").write_text(rows, encoding="utf-8")
    (fan,) = fault_table(str(tmp_path / "__init__.py"), {"word": "fault_word"})

    assert (fan.datapoint, fan.code, fan.severity) == ("fault_word", "fan", "critical")
    assert list(raised((fan,), {"fault_word": 8})) == [fan]


def declared(table: RegisterTable) -> tuple[object, ...]:
    return (*table.datapoints(), *table.fields(0, 9))


@pytest.mark.parametrize(("row", "said"), [
    ("holding,1,1,uint17,,1,,key,,,,", "data_type 'uint17' is not known"),
    ("holding,1,1,uint16,,ten,,key,,,,", "'ten' is not a number"),
    ("holding,1,1,uint16,,1,furlong,key,,,,", "'furlong' is not known"),
    ("holding,1,1,uint16,,1,V,key,,100,,", "not written as low..high"),
])  # fmt: skip
def test_a_row_that_makes_no_sense_is_named(tmp_path, row, said):
    with pytest.raises(ModelError, match=f"registers.csv: key.*{said}"):
        declared(table_of(tmp_path, row))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"registers\.csv.*cannot be read"):
        register_table(str(tmp_path / "__init__.py"))
