// Rendezvous settings of a rank, in the conventions of the launchers: torchrun and Kubernetes'
// PyTorchJob (env://), Open MPI's mpirun, Slurm's srun.
using System.Globalization;

namespace RobustTickets.Torch.Distributed;

/// <summary>Settings of one rank of distributed training.</summary>
/// <param name="Host">Host of rank 0.</param>
/// <param name="Port">Port on which rank 0 listens.</param>
/// <param name="Rank">Index of this rank, from 0.</param>
/// <param name="Size">Number of ranks.</param>
/// <param name="LocalRank">Index of this rank on its host, from 0; selects its GPU.</param>
/// <param name="LocalSize">Number of ranks on this host; 0 if unknown.</param>
public sealed record RankSettings(string Host, int Port, int Rank, int Size, int LocalRank = 0, int LocalSize = 0)
{
    private const string Address = "MASTER_ADDR",
        AddressPort = "MASTER_PORT",
        SlurmStepTasks = "SLURM_STEP_NUM_TASKS",
        MpiSize = "OMPI_COMM_WORLD_SIZE",
        WorldSize = "WORLD_SIZE";

    private const int DefaultPort = 29500;

    /// <summary>
    /// Reads a launcher's environment variables: WORLD_SIZE with RANK, LOCAL_RANK, MASTER_ADDR and
    /// MASTER_PORT (torchrun, PyTorchJob), or OMPI_COMM_WORLD_SIZE (mpirun), or
    /// SLURM_STEP_NUM_TASKS (srun). Null if there is only one rank.
    /// </summary>
    /// <param name="variable">Looks up a variable; null: the environment of the process.</param>
    /// <exception cref="FormatException">A variable is missing or not a number in its range; the
    /// message names it.</exception>
    public static RankSettings? FromEnvironment(Func<string, string?>? variable = null)
    {
        var read = new Reader(variable ?? Environment.GetEnvironmentVariable);
        if (read.Has(WorldSize))
            return OfTorchrun(read);
        if (read.Has(MpiSize))
            return OfMpi(read);
        return read.Has(SlurmStepTasks) || (read.Has("SLURM_NTASKS") && read.Has(Address)) ? OfSlurm(read) : null;
    }

    /// <summary>
    /// Whether all ranks are on this host and use a loopback address, so that rank 0 need not
    /// listen on other interfaces.
    /// </summary>
    internal bool IsLoopback => LocalSize == Size && Host is "127.0.0.1" or "localhost" or "::1";

    private static RankSettings? OfTorchrun(Reader read)
    {
        var size = read.Number(WorldSize, 1, int.MaxValue);
        if (size == 1)
            return null;
        var rank = read.Number("RANK", 0, size - 1, WorldSize);
        var host = read.Text(Address, WorldSize, "it names the host of rank 0");
        var port = read.Number(AddressPort, 1, 65534, WorldSize);
        // torchrun's own store uses that port.
        var taken = read.Value("TORCHELASTIC_USE_AGENT_STORE") == "True";
        return new RankSettings(
            host,
            taken ? port + 1 : port,
            rank,
            size,
            read.Number("LOCAL_RANK", 0, size - 1, WorldSize, unset: 0),
            read.Number("LOCAL_WORLD_SIZE", 1, size, WorldSize, unset: 0)
        );
    }

    private static RankSettings? OfMpi(Reader read)
    {
        var size = read.Number(MpiSize, 1, int.MaxValue);
        if (size == 1)
            return null;
        var local = read.Number("OMPI_COMM_WORLD_LOCAL_SIZE", 1, size, MpiSize, unset: 0);
        return new RankSettings(
            local == size && !read.Has(Address)
                ? "127.0.0.1"
                : read.Text(Address, MpiSize, "it names the host of rank 0 (mpirun -x MASTER_ADDR=...)"),
            read.Number(AddressPort, 1, 65535, MpiSize, unset: DefaultPort),
            read.Number("OMPI_COMM_WORLD_RANK", 0, size - 1, MpiSize),
            size,
            read.Number("OMPI_COMM_WORLD_LOCAL_RANK", 0, size - 1, MpiSize, unset: 0),
            local
        );
    }

    private static RankSettings? OfSlurm(Reader read)
    {
        // A batch script has SLURM_NTASKS too, but only srun starts that many tasks.
        var tasks = read.Has(SlurmStepTasks) ? SlurmStepTasks : "SLURM_NTASKS";
        var size = read.Number(tasks, 1, int.MaxValue);
        if (size == 1)
            return null;
        var job = read.Number("SLURM_JOB_ID", 0, int.MaxValue, tasks, unset: 0);
        return new RankSettings(
            read.Has(Address)
                ? read.Value(Address)!
                : FirstHost(read.Text("SLURM_STEP_NODELIST", tasks, $"it, or {Address}, names the host of rank 0")),
            read.Number(AddressPort, 1, 65535, tasks, unset: 20000 + (job % 20000)),
            read.Number("SLURM_PROCID", 0, size - 1, tasks),
            size,
            read.Number("SLURM_LOCALID", 0, size - 1, tasks, unset: 0)
        );
    }

    // "node[01-04,07],gpu3" starts with node01.
    private static string FirstHost(string nodes)
    {
        var end = nodes.IndexOfAny(['[', ',']);
        if (end < 0)
            return nodes;
        if (nodes[end] == ',')
            return nodes[..end];
        var numbers = nodes[(end + 1)..];
        return nodes[..end] + numbers[..numbers.IndexOfAny(['-', ',', ']'])];
    }

    /// <summary>Reads environment variables; errors name them.</summary>
    private sealed class Reader(Func<string, string?> variable)
    {
        public string? Value(string name) => variable(name);

        public bool Has(string name) => variable(name) is { Length: > 0 };

        /// <summary>A text that is required if <paramref name="beside"/> is set.</summary>
        public string Text(string name, string beside, string why) =>
            Has(name)
                ? variable(name)!
                : throw new FormatException($"{beside}={variable(beside)} but {name} is not set: {why}");

        /// <summary>
        /// A number in a range; <paramref name="unset"/> if the variable is not set.
        /// </summary>
        public int Number(string name, int least, int most, string? beside = null, int? unset = null)
        {
            if (unset is { } value && !Has(name))
                return value;
            return
                int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var n)
                && n >= least
                && n <= most
                ? n
                : throw new FormatException(
                    $"{name}='{variable(name)}': a whole number from {least} to {most} is needed"
                        + (beside is null ? "" : $" with {beside}={variable(beside)}")
                );
        }
    }
}
