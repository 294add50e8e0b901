"""`/ivp/ensemble` and `/ivp/livedata/status`: power and charge of batteries, no energy counters."""

import math
from dataclasses import replace

from energy_pipeline.simulators.envoy.answer import Answer, json_answer
from energy_pipeline.simulators.envoy.hardware import Ct
from energy_pipeline.simulators.envoy.site import BATTERY_WH
from energy_pipeline.simulators.envoy.view import View

_INSTALLED_S = 1_722_887_725
_ONE_CONTACT = b'"": {}'
_FOUR_CONTACTS = b", ".join([_ONE_CONTACT] * 4)  # one object names the same member four times
_NOT_STREAMING = "Last available status data shown. Live stream not enabled."


def inventory(view: View) -> Answer:
    """Return the batteries; an empty list without."""
    if not view.hardware.batteries:
        return json_answer("ivp", [])
    devices = [_battery(view, number) for number in range(view.hardware.batteries)]
    return json_answer("ivp", [{"type": "ENCHARGE", "devices": devices}])


def power(view: View) -> Answer:
    """Return the power of each battery in mW, negative while it charges; the key has a colon."""
    batteries = view.hardware.batteries
    each_mw = round(view.battery_w() * 1000 / batteries) if batteries else 0
    devices = [
        {
            "serial_num": _serial(number),
            "real_power_mw": each_mw,
            "apparent_power_mva": each_mw,
            "soc": _charge_percent(view),
        }
        for number in range(batteries)
    ]
    return json_answer("ivp", {"devices:": devices})


def secctrl(view: View) -> Answer:
    """Return the charge of all batteries together."""
    capacity_wh = view.hardware.batteries * BATTERY_WH
    percent = _charge_percent(view)
    document = {
        "shutdown": False,
        "configured_backup_soc": 20,
        "adjusted_backup_soc": 20,
        "agg_soc": percent,
        "Max_energy": capacity_wh,
        "ENC_agg_soc": percent,
        "ENC_agg_soh": 100,
        "ENC_agg_backup_energy": capacity_wh // 5,
        "ENC_agg_avail_energy": round(view.stored_wh()),
        "Enc_commissioned_capacity": capacity_wh,
        "Enc_max_available_capacity": capacity_wh,
        "ACB_agg_soc": 0,
        "ACB_agg_energy": 0,
    }
    return json_answer("ivp", document)


def livedata(view: View, *, is_live: bool) -> Answer:
    """Return power in mW; load is exactly the sum of sun, battery and grid.

    Args:
        view: the gateway when the stream was last on.
        is_live: it is on now.
    """
    pv_mw, storage_mw = (round(view.power_w(ct) * 1000) for ct in ("production", "storage"))
    grid_mw = round(_grid_w(view) * 1000)
    flows = {"pv": pv_mw, "storage": storage_mw, "grid": grid_mw}
    flows["load"] = sum(flows.values())
    document: dict[str, object] = {
        "connection": {
            "mqtt_state": "connected",
            "prov_state": "configured",
            "auth_state": "ok",
            "sc_stream": "enabled" if is_live else "disabled",
            "sc_debug": "disabled",
        },
        "meters": {
            "last_update": view.shown_s,
            "soc": _charge_percent(view),
            "main_relay_state": int(not view.is_islanded),
            "gen_relay_state": 5,
            "backup_bat_mode": 1,
            "phase_count": view.hardware.phases,
            "is_split_phase": int(view.hardware.phases == 2),
            "enc_agg_soc": _charge_percent(view),
            "enc_agg_energy": round(view.stored_wh()),
            **{name: _flow(milliwatts) for name, milliwatts in flows.items()},
            "generator": _flow(0),
        },
        "tasks": {"task_id": 0, "timestamp": view.shown_s},
        "dry_contacts": {"": {}},
    }
    answer = json_answer("ivp", document if is_live else {**document, "info": _NOT_STREAMING})
    return replace(answer, body=answer.body.replace(_ONE_CONTACT, _FOUR_CONTACTS))


def _grid_w(view: View) -> float:
    """Return the grid's power, computed where no transformer measures it."""
    if "net-consumption" in view.hardware.cts:
        return view.power_w("net-consumption")
    if "total-consumption" in view.hardware.cts:
        flows: tuple[Ct, ...] = ("production", "storage")
        return view.power_w("total-consumption") - sum(map(view.power_w, flows))
    return 0.0


def _flow(milliwatts: int) -> dict[str, int]:
    return {"agg_p_mw": milliwatts, "agg_s_mva": abs(milliwatts), "agg_p_ph_a_mw": milliwatts}


def _charge_percent(view: View) -> int:
    capacity_wh = view.hardware.batteries * BATTERY_WH
    return math.floor(100 * view.stored_wh() / capacity_wh) if capacity_wh else 0


def _serial(number: int) -> str:
    return str(492_320_000_140 + number)


def _battery(view: View, number: int) -> dict[str, object]:
    return {
        "part_num": "836-01826-r76",
        "serial_num": _serial(number),
        "installed": _INSTALLED_S,
        "device_status": ["envoy.global.ok", "prop.done"],
        "last_rpt_date": view.shown_s - 40,
        "admin_state": 6,
        "admin_state_str": "ENCHG_STATE_READY",
        "created_date": _INSTALLED_S,
        "img_load_date": _INSTALLED_S,
        "img_pnum_running": "3.0.7545_rel/31.33",
        "bmu_fw_version": "3.8.63",
        "communicating": True,
        "sleep_enabled": False,
        "percentFull": _charge_percent(view),
        "temperature": 18,
        "maxCellTemp": 19,
        "reported_enc_grid_state": "grid-tied",
        "comm_level_sub_ghz": 0,
        "comm_level_2_4_ghz": 0,
        "led_status": 12,
        "dc_switch_off": False,
        "encharge_rev": 3,
        "encharge_capacity": BATTERY_WH,
        "phase": "ph-a",
        "der_index": 2,
    }
