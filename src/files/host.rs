//! Which machine this is: folders are shared over networks.

use super::system_text;

/// The machine's name, where the system tells.
pub fn host() -> Option<String> {
    let of_file = || system_text("/proc/sys/kernel/hostname").ok();
    let of_variable = || std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok();
    let name = of_file().or_else(of_variable).map(|name| name.trim().to_owned());
    name.filter(|name| !name.is_empty())
}
