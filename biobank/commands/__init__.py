"""The command line: the same acts as the pages, for whoever has a shell on the machine.

It acts as the person `console`. Exit codes: 0 it was done, 1 it was refused (one line says why),
2 it was asked wrongly, 3 `check` or `chain` found a fault. What a program shall read goes to
stdout, all else to stderr.
"""

import rich_click as click

from biobank import __version__
from biobank.commands import (
    audited,
    capacity,
    cards,
    completing,
    containers,
    evacuations,
    finding,
    founding,
    histories,
    import_,
    kits,
    label_stocks,
    labels,
    late,
    log,
    out,
    participants,
    print_jobs,
    printers,
    processing,
    proving,
    racks,
    schedule,
    serving,
    setting_up,
    stations,
    studies,
    tasks,
    tokens,
    tubes,
    undoing,
    visits,
)
from biobank.commands.demo import making as demo
from biobank.commands.running import Refusing


@click.group(cls=Refusing, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="biobank")
def biobank() -> None:
    """A biobank specimen inventory: labels, places, and a chain of custody that proves itself.

    Settings are read from the environment: BIOBANK_HOME, BIOBANK_DATABASE_URL and the others of .env.example.
    """


for _command in (
    founding.init,
    founding.migrate,
    demo.demo,
    serving.serve,
    setting_up.site,
    setting_up.user,
    stations.station,
    stations.badge,
    tokens.token,
    tasks.task,
    setting_up.freezer,
    containers.container_type,
    containers.container,
    studies.study,
    participants.participant,
    schedule.agenda,
    schedule.calendar,
    visits.visit,
    kits.kit,
    processing.receive,
    processing.note,
    processing.spin,
    processing.derive,
    processing.aliquot,
    processing.list_specimens,
    import_.import_,
    tubes.register,
    tubes.store,
    out.take,
    out.back,
    out.out,
    out.inside,
    out.map_,
    late.late,
    labels.label,
    printers.printer,
    cards.cards,
    undoing.rearrange,
    undoing.reseat,
    undoing.acts,
    undoing.undo,
    evacuations.evacuation,
    audited.audit,
    finding.find,
    histories.history,
    histories.family,
    histories.chain,
    log.read_log,
    racks.rack,
    capacity.room,
    capacity.plan,
    capacity.capacity,
    proving.check,
    completing.completion,
):
    biobank.add_command(_command)

for _command in (print_jobs.job_group, label_stocks.stock_group, label_stocks.layout_group):
    labels.label.add_command(_command)

completing.complete_codes(biobank)
