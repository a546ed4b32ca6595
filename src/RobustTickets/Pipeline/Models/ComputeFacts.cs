using System.Globalization;
using RobustTickets.Runs;
using RobustTickets.Torch;

namespace RobustTickets.Pipeline.Models;

/// <summary>Facts on what computes a run or an attack.</summary>
internal static class ComputeFacts
{
    /// <summary>Version of libtorch, threads, device and precision, by name of the fact.</summary>
    /// <param name="execution">Execution options; already applied to the process.</param>
    public static Dictionary<string, string> Of(Execution execution) =>
        new()
        {
            [EnvironmentFacts.LibTorch] = torch.version,
            [EnvironmentFacts.Threads] = torch.get_num_threads().ToString(CultureInfo.InvariantCulture),
            [EnvironmentFacts.Device] = Devices.Describe(execution.Device),
            [EnvironmentFacts.Precision] = execution.Precision.ToString().ToLowerInvariant(),
        };
}
