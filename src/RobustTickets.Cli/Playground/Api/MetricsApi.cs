// Server metrics in Prometheus text format 0.0.4.
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;

namespace RobustTickets.Cli.Playground.Api;

/// <summary><c>/metrics</c>.</summary>
internal static class MetricsApi
{
    /// <summary>Maps the route.</summary>
    public static void Map(WebApplication app, PlaygroundState state) =>
        Endpoint.GetText(
            app,
            "/metrics",
            "text/plain; version=0.0.4; charset=utf-8",
            _ => Task.FromResult(Write(state))
        );

    private static string Write(PlaygroundState state)
    {
        var (text, counters) = (new StringBuilder(), state.Counters);
        Head("requests_total", "counter", "Requests answered.");
        foreach (var ((path, status), count) in counters.Requests)
            Line("requests_total", $"{{path=\"{Escape(path)}\",status=\"{status}\"}}", count);
        Head("request_seconds", "histogram", "Time to answer requests that do not stream.");
        long below = 0;
        for (var i = 0; i < counters.Buckets.Count; i++)
        {
            below += counters.Buckets[i];
            var bound = i < PlaygroundCounters.Bounds.Length ? Number(PlaygroundCounters.Bounds[i]) : "+Inf";
            Line("request_seconds_bucket", $"{{le=\"{bound}\"}}", below);
        }
        Line("request_seconds_sum", "", counters.Time.TotalSeconds);
        Line("request_seconds_count", "", below);
        Head("texts_total", "counter", "Texts classified by a model.");
        foreach (var (model, count) in counters.Texts)
            Line("texts_total", $"{{model=\"{Escape(model)}\"}}", count);
        Head("attacks_total", "counter", "Attacks that ended.");
        foreach (var ((attack, result), count) in counters.Attacks)
            Line("attacks_total", $"{{attack=\"{Escape(attack)}\",result=\"{Escape(result)}\"}}", count);
        Head("queries_total", "counter", "Queries of attacks that ended, as TextAttack counts them.");
        Line("queries_total", "", counters.Queries);
        Head("attacks_running", "gauge", "Attacks in progress.");
        Line("attacks_running", "", state.Slots.Taken);
        Head("texts_waiting", "gauge", "Texts waiting for a model.");
        Line("texts_waiting", "", state.Worker.Waiting);
        Head("models", "gauge", "Models loaded.");
        Line("models", "", state.Models.Count);
        Head("memory_bytes", "gauge", "Resident memory of the process.");
        Line("memory_bytes", "", Environment.WorkingSet);
        return text.ToString();

        void Head(string name, string type, string help) =>
            text.Append($"# HELP robust_tickets_{name} {help}\n# TYPE robust_tickets_{name} {type}\n");

        void Line(string name, string labels, double value) =>
            text.Append($"robust_tickets_{name}{labels} {Number(value)}\n");
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Escape(string label) =>
        label
            .Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
}
