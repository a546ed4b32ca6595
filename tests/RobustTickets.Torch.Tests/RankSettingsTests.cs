using RobustTickets.Torch.Distributed;
using Xunit;

namespace RobustTickets.Torch.Tests;

/// <summary>Settings come from the launchers' variables, or are refused by name.</summary>
public sealed class RankSettingsTests
{
    private static RankSettings? Read(params (string Name, string Value)[] set) =>
        RankSettings.FromEnvironment(name => set.FirstOrDefault(p => p.Name == name).Value);

    private static void Refused(string named, params (string, string)[] set) =>
        Assert.Contains(named, Assert.Throws<FormatException>(() => Read(set)).Message, StringComparison.Ordinal);

    [Fact]
    public void Nobody_and_one_rank_are_no_ranks()
    {
        Assert.Null(Read());
        Assert.Null(Read(("WORLD_SIZE", "1")));
        Assert.Null(Read(("OMPI_COMM_WORLD_SIZE", "1")));
        // A batch script of Slurm: srun would have started the tasks, it did not.
        Assert.Null(Read(("SLURM_NTASKS", "8"), ("SLURM_PROCID", "0"), ("SLURM_JOB_ID", "7")));
        Assert.Null(Read(("SLURM_STEP_NUM_TASKS", "1"), ("SLURM_NTASKS", "8"), ("SLURM_PROCID", "0")));
    }

    [Fact]
    public void Torchrun_and_PyTorchJob_are_understood()
    {
        (string, string)[] job =
        [
            ("WORLD_SIZE", "4"),
            ("RANK", "1"),
            ("MASTER_ADDR", "job-master-0"),
            ("MASTER_PORT", "23456"),
        ];
        Assert.Equal(new RankSettings("job-master-0", 23456, 1, 4), Read(job));
        Assert.Equal(
            new RankSettings("job-master-0", 23457, 1, 4, 1, 2),
            Read([.. job, ("LOCAL_RANK", "1"), ("LOCAL_WORLD_SIZE", "2"), ("TORCHELASTIC_USE_AGENT_STORE", "True")])
        );
    }

    [Fact]
    public void Open_MPI_is_understood()
    {
        (string, string)[] job =
        [
            ("OMPI_COMM_WORLD_SIZE", "4"),
            ("OMPI_COMM_WORLD_RANK", "3"),
            ("OMPI_COMM_WORLD_LOCAL_RANK", "1"),
        ];
        Assert.Equal(
            new RankSettings("127.0.0.1", 29500, 3, 4, 1, 4),
            Read([.. job, ("OMPI_COMM_WORLD_LOCAL_SIZE", "4")])
        );
        Assert.Equal(
            new RankSettings("n1", 29500, 3, 4, 1, 2),
            Read([.. job, ("OMPI_COMM_WORLD_LOCAL_SIZE", "2"), ("MASTER_ADDR", "n1")])
        );
        Refused("MASTER_ADDR", [.. job, ("OMPI_COMM_WORLD_LOCAL_SIZE", "2")]);
    }

    [Theory]
    [InlineData("node[01-04,07],gpu3", "node01")]
    [InlineData("a,b", "a")]
    [InlineData("n[7,9]", "n7")]
    [InlineData("single", "single")]
    public void Slurm_steps_meet_at_their_first_node(string nodes, string first) =>
        Assert.Equal(
            new RankSettings(first, 20000 + 17, 3, 4, 1),
            Read(
                ("SLURM_STEP_NUM_TASKS", "4"),
                ("SLURM_NTASKS", "16"),
                ("SLURM_PROCID", "3"),
                ("SLURM_LOCALID", "1"),
                ("SLURM_JOB_ID", "40017"),
                ("SLURM_STEP_NODELIST", nodes)
            )
        );

    [Fact]
    public void Slurm_with_a_named_host_is_understood() =>
        Assert.Equal(
            new RankSettings("h", 1234, 3, 4),
            Read(("SLURM_NTASKS", "4"), ("SLURM_PROCID", "3"), ("MASTER_ADDR", "h"), ("MASTER_PORT", "1234"))
        );

    [Fact]
    public void What_is_missing_or_no_number_is_named()
    {
        Refused(
            "RANK='4': a whole number from 0 to 3 is needed with WORLD_SIZE=4",
            ("WORLD_SIZE", "4"),
            ("RANK", "4"),
            ("MASTER_ADDR", "h"),
            ("MASTER_PORT", "1")
        );
        Refused("MASTER_ADDR is not set", ("WORLD_SIZE", "4"), ("RANK", "0"), ("MASTER_PORT", "1"));
        Refused("MASTER_PORT=''", ("WORLD_SIZE", "2"), ("RANK", "0"), ("MASTER_ADDR", "h"));
        Refused("WORLD_SIZE='two'", ("WORLD_SIZE", "two"));
        Refused("SLURM_PROCID", ("SLURM_STEP_NUM_TASKS", "2"), ("MASTER_ADDR", "h"));
        Refused("SLURM_STEP_NODELIST", ("SLURM_STEP_NUM_TASKS", "2"), ("SLURM_PROCID", "1"));
        Refused("OMPI_COMM_WORLD_RANK", ("OMPI_COMM_WORLD_SIZE", "2"), ("MASTER_ADDR", "h"));
    }
}
