"""`/inventory.json` and `/admin/lib/tariff`: what is installed, and what energy costs."""

from energy_pipeline.simulators.envoy.answer import Answer, json_answer
from energy_pipeline.simulators.envoy.inverters import Report
from energy_pipeline.simulators.envoy.view import View

_INSTALLED_S = "1733253593"  # times are strings here, and only here
_DELETED, _VERIFIED = 3, 2


def inventory(view: View, *, with_deleted: bool) -> Answer:
    """Return all devices by kind.

    Args:
        view: the gateway at an instant.
        with_deleted: devices that were taken away are listed too.
    """
    inverters = [_inverter(view, report, _VERIFIED) for report in view.inverters()]
    if with_deleted:
        inverters.extend(_inverter(view, report, _DELETED) for report in view.removed())
    kinds = {"PCU": inverters, "ACB": [], "NSRB": [], "ESUB": []}
    listed = [{"type": kind, "devices": devices} for kind, devices in kinds.items()]
    return json_answer("ui", listed)


def tariff(view: View) -> Answer:
    """Return a flat tariff without seasons."""
    document = {
        "tariff": {
            "currency": {"code": "EUR"},
            "logger": "mylogger",
            "date": str(view.site.curve.start_s),
            "storage_settings": {
                "mode": "self-consumption",
                "operation_mode_sub_type": "",
                "reserved_soc": 20.0,
                "very_low_soc": 5,
                "charge_from_grid": False,
                "date": str(view.site.curve.start_s),
            },
            "single_rate": {"rate": 0.0, "sell": 0.0},
            "seasons": [],
            "seasons_sell": [],
        }
    }
    return json_answer("ui", document)


def _inverter(view: View, report: Report, admin_state: int) -> dict[str, object]:
    is_heard = admin_state == _VERIFIED and view.is_reporting(report)
    status = "envoy.global.ok" if is_heard else "envoy.cond_flags.pcu_ctrl.dc-pwr-low"
    return {
        "part_num": "800-01374-r02",
        "installed": _INSTALLED_S,
        "serial_num": report.serial,
        "device_status": [status],
        "last_rpt_date": str(report.end_s),
        "admin_state": admin_state,
        "dev_type": 1,
        "created_date": _INSTALLED_S,
        "img_load_date": "0",
        "img_pnum_running": "521-00005-r06-v10.31.01",
        "ptpn": "549-00040-r01-v10.31.01",
        "device_control": [{"gficlearset": False}],
        "producing": is_heard and report.power_w > 0,
        "communicating": is_heard,
        "provisioned": True,
        "operating": is_heard,
        "phase": "ph-a",
    }
