// The rank of this process in distributed training, from a launcher's environment variables, with
// errors in command-line terms.
using System.CommandLine;
using RobustTickets.Torch.Distributed;

namespace RobustTickets.Cli.Options;

internal static class RankArguments
{
    /// <summary>The option that starts ranks on this machine.</summary>
    public static Option<int?> Option() =>
        CommonOptions.Count(
            "--ranks",
            1,
            "start this many processes on this machine that train together and share its threads; on several machines, "
                + "start them with torchrun, mpirun or srun"
        );

    /// <summary>The rank that a launcher assigned to this process, or null.</summary>
    /// <exception cref="UsageException">Environment variables contradict each other;
    /// named.</exception>
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

    /// <summary>Number of processes to start on this machine; 1 for none.</summary>
    /// <exception cref="UsageException">This process already is one of several ranks.</exception>
    public static int ToStart(int? asked, RankSettings? here) =>
        asked is > 1 && here is not null
            ? throw new UsageException($"--ranks {asked}: this process is already rank {here.Rank} of {here.Size}")
            : asked ?? 1;
}
