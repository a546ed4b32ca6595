// How a ticket was found and what it keeps: distance curve (EarlyRobust 3.3.2), heat maps of
// snapshots (Fig. 2), pattern (Fig. 5); for single weights, how the search closed gates (RobusT
// Figs. 1 and 5) and the kept fractions (RobusT Fig. 3).
using System.Globalization;
using System.Text;
using RobustTickets.Reports.Figures;
using RobustTickets.Runs;

namespace RobustTickets.Reports;

internal static class HtmlTicket
{
    public static void Append(StringBuilder html, RunRecord run)
    {
        var ticket = run.Result.Ticket!;
        var body = new StringBuilder();
        if (ticket.Kind == "weights")
        {
            body.Append(Gates(run)).Append(Shares(run)).Append(Matrices(run));
            HtmlReport.Section(
                html,
                "ticket-" + HtmlReport.Id(run.Label),
                $"The ticket of {run.Label}",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Found by {ticket.StopRule}, drawn from step {ticket.DrawnAtStep:N0}. It keeps "
                        + $"{ticket.WeightsKept:N0} of {ticket.WeightsTotal:N0} weights "
                        + $"({100 * (1 - ((double)ticket.WeightsKept / ticket.WeightsTotal)):0.0} % pruned)."
                ),
                body.ToString()
            );
            return;
        }
        var settled = Settled(run) is { } at
            ? string.Create(
                CultureInfo.InvariantCulture,
                $", its masks settled from step {at.Step:N0} ({at.Epoch:0.00} epoch) on,"
            )
            : "";
        body.Append(Curve(run));
        body.Append(HeatMaps(run));
        body.Append(Pattern(run));
        HtmlReport.Section(
            html,
            "ticket-" + HtmlReport.Id(run.Label),
            $"The ticket of {run.Label}",
            string.Create(
                CultureInfo.InvariantCulture,
                $"Rule {ticket.StopRule} {(ticket.Converged ? "held" : "never held")}: the search ended at step "
                    + $"{ticket.StoppedAtStep:N0} ({ticket.StoppedAtEpoch:0.00} epoch){settled} and the ticket "
                    + $"was drawn from step {ticket.DrawnAtStep:N0} ({ticket.DrawnAtEpoch:0.00} epoch). It keeps "
                    + $"{ticket.HeadsKept} of {ticket.HeadsTotal} heads and {ticket.NeuronsKept:N0} of "
                    + $"{ticket.NeuronsTotal:N0} neurons."
            ),
            body.ToString()
        );
    }

    private static MaskEntry[] Masks(RunRecord run) =>
        [.. run.Events.OfType<MaskEntry>().Where(m => m.Stage == StageName.Search)];

    private static double Epoch(RunRecord run, long step) =>
        run.Result.Ticket is { StoppedAtStep: > 0 } ticket ? step * ticket.StoppedAtEpoch / ticket.StoppedAtStep : step;

    /// <summary>
    /// The first snapshot of the sequence of small distances that ended the search: a rule that
    /// needs five of them stops a quarter of an epoch later. Null without such a sequence.
    /// </summary>
    internal static (long Step, double Epoch)? Settled(RunRecord run) =>
        run.Result.Ticket is { Converged: true }
        && Masks(run) is [.., { Run: > 0 } last] masks
        && last.Run < masks.Length
            ? (masks[^(1 + last.Run)].Step, Epoch(run, masks[^(1 + last.Run)].Step))
            : null;

    private static string Curve(RunRecord run)
    {
        var masks = Masks(run);
        if (masks.Length == 0)
            return "";
        var ticket = run.Result.Ticket!;
        double Epoch(long step) => HtmlTicket.Epoch(run, step);
        PlotSeries Line(string name, Func<MaskEntry, double?> pick, int colour) =>
            new(
                name,
                [.. masks.Where(m => pick(m) is not null).Select(m => (Epoch(m.Step), pick(m)!.Value))],
                Markers: true,
                Colour: colour
            );

        var marks = new List<PlotMark>
        {
            new(ticket.StoppedAtEpoch, "stop", Vertical: true),
            new(ticket.DrawnAtEpoch, "draw", Vertical: true),
        };
        if (Settled(run) is { } settled)
            marks.Insert(0, new(settled.Epoch, "settled", Vertical: true));
        if (DistanceMaps.Threshold(run) is { } threshold)
        {
            marks.Add(
                new(
                    threshold,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{(run.RecipeValue("search.stop.gamma") is null ? "epsilon" : "gamma")} = {threshold:0.###}"
                    ),
                    Vertical: false
                )
            );
        }
        var plot = new SvgPlot(
            "Mask distance between consecutive snapshots",
            "epoch of the search",
            "mask distance",
            [Line("heads", m => m.HeadDistance, 0), Line("neurons", m => m.NeuronDistance, 1)]
        )
        {
            Marks = marks,
            XMin = 0,
            YMin = 0,
            Width = 860,
            Height = 300,
            Description = string.Create(
                CultureInfo.InvariantCulture,
                $"{masks.Length} snapshots; search stopped at epoch {ticket.StoppedAtEpoch:0.00}, ticket drawn "
                    + $"at epoch {ticket.DrawnAtEpoch:0.00}."
            ),
        };
        var figure = HtmlReport.Figure(
            plot.Render(),
            "Share of mask entries that differ from the previous snapshot. The search may stop once both stay "
                + "below the threshold long enough."
        );
        return "<h3>When the masks settled</h3>\n" + figure + Numbers(masks, Epoch);
    }

    private static string Numbers(MaskEntry[] masks, Func<long, double> epoch)
    {
        var table = new ReportTable(
            [
                new("snapshot", "Snapshot", "Number of the snapshot", Numeric: true),
                new("step", "Step", "Step after which it was taken", Numeric: true),
                new("epoch", "Epoch", "The same in epochs", Numeric: true),
                new("heads", "Heads", "Share of head mask entries that changed", Numeric: true),
                new("neurons", "Neurons", "Share of neuron mask entries that changed", Numeric: true),
                new("run", "In a row", "How long the rule's condition has held", Numeric: true),
            ],
            [
                .. masks.Select(m =>
                    (ReportCell[])
                        [
                            ReportCell.Of(m.MiniEpoch, "0"),
                            ReportCell.Of(m.Step, "N0"),
                            ReportCell.Of(epoch(m.Step), "0.000"),
                            ReportCell.Of(m.HeadDistance, "0.0000"),
                            ReportCell.Of(m.NeuronDistance, "0.0000"),
                            ReportCell.Of(m.Run, "0"),
                        ]
                ),
            ]
        );
        return "<details><summary>The figures</summary>" + table.ToHtml("Mask distances by snapshot") + "</details>\n";
    }

    private static string HeatMaps(RunRecord run) =>
        DistanceMaps.Of(run) is not { } maps
            ? ""
            : "<h3>Every snapshot against every other</h3>\n<div class=\"side\">"
                + HtmlReport.Figure(
                    maps.Heads.Render(),
                    "Heads. Stronger is farther apart; a dot marks pairs below the threshold; the frame marks the "
                        + "snapshot that the ticket was drawn from."
                )
                + HtmlReport.Figure(maps.Neurons.Render(), "Neurons, on the same scale.")
                + "</div>\n";

    private static string Pattern(RunRecord run)
    {
        if (run.Ticket is not { } ticket)
            return "";
        var model = run.Result.Model;
        var figure = new SvgTicket(
            "Heads and neurons that the ticket keeps",
            ticket.HeadsKept,
            model.Heads,
            [.. ticket.NeuronsKept.Select(n => n.Count)],
            model.Intermediate
        );
        return "<h3>What was kept</h3>\n"
            + HtmlReport.Figure(
                figure.Render(),
                "Filled cells are kept heads, crossed-out ones are pruned; bars are the share of neurons each layer "
                    + "keeps. The input enters at the bottom."
            );
    }

    private static string Gates(RunRecord run)
    {
        var gates = run.Events.OfType<GateEntry>().ToArray();
        if (gates.Length < 2)
            return "";
        PlotSeries Line(string name, Func<GateEntry, double> value, int colour) =>
            new(name, [.. gates.Select(g => (g.Epoch, value(g)))], Colour: colour);
        var plot = new SvgPlot(
            "Gates along the search",
            "epoch of the search",
            "share",
            [Line("R, mean probability of being open", g => g.Penalty, 0), Line("exactly 0 or 1", g => g.Binary, 1)]
        )
        {
            Marks = [new(run.Result.Ticket!.DrawnAtEpoch, "draw", Vertical: true)],
            XMin = 0,
            YMin = 0,
            Width = 860,
            Height = 300,
        };
        return "<h3>How the gates closed</h3>\n"
            + HtmlReport.Figure(
                plot.Render(),
                "The penalty pulls R down; gates that are exactly 0 or 1 receive no gradient from the task."
            );
    }

    private static string Shares(RunRecord run) =>
        TicketGrid.Of(run) is not { } grid
            ? ""
            : "<h3>What was kept</h3>\n"
                + HtmlReport.Figure(
                    new SvgTicketGrid("Weights that the ticket keeps, %", grid).Render(),
                    "Percent of the weights kept. A head is its rows of query, key and value; MLP is both FFN "
                        + "matrices. The input enters at the bottom."
                );

    private static string Matrices(RunRecord run)
    {
        if (run.WeightTicket is not { } ticket)
            return "";
        var table = new ReportTable(
            [
                new("layer", "Layer", "Layer, from 0", Numeric: true),
                new("matrix", "Matrix", "Which matrix of it", Numeric: false),
                new("weights", "Weights", "Its weights", Numeric: true),
                new("kept", "Kept", "Weights kept", Numeric: true),
                new("sparsity", "Sparsity %", "Share of them pruned", Numeric: true),
            ],
            [
                .. ticket.Matrices.Select(m =>
                    (ReportCell[])
                        [
                            ReportCell.Of(m.Layer, "0"),
                            new(m.Kind),
                            ReportCell.Of(m.Count, "N0"),
                            ReportCell.Of(m.Kept, "N0"),
                            ReportCell.Of(100 * (1 - ((double)m.Kept / m.Count)), "0.00"),
                        ]
                ),
            ]
        );
        return "<details><summary>The figures</summary>" + table.ToHtml("Weights kept by matrix") + "</details>\n";
    }
}
