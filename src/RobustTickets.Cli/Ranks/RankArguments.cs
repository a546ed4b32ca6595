// Which rank this process is, if it is one: what a launcher's variables say, in the words of the
// command line.
using System.CommandLine;
using RobustTickets.Cli.Commands;
using RobustTickets.Torch.Distributed;

namespace RobustTickets.Cli.Ranks;

internal static class RankArguments
{
    /// <summary>The option that starts processes here.</summary>
    public static Option<int?> Option() =>
        CommonOptions.Count(
            "--ranks",
            1,
            "start this many processes here that train together, and divide the threads; elsewhere torchrun, mpirun or "
                + "srun starts them"
        );

    /// <summary>The place that a launcher gave this process, or null.</summary>
    /// <exception cref="UsageException">Its variables contradict each other; named.</exception>
    public static RankSettings? Here()
    {
        try
        {
            return RankSettings.FromEnvironment();
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>How many processes are to be started here; 1 for none.</summary>
    /// <exception cref="UsageException">This process is one of several already.</exception>
    public static int ToStart(int? asked, RankSettings? here) =>
        asked is > 1 && here is not null
            ? throw new UsageException($"--ranks {asked}: this process is rank {here.Rank} of {here.Size} already")
            : asked ?? 1;
}
